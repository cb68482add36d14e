// SPDX-License-Identifier: Apache-2.0
#include "antiphon/evaluation.h"

namespace antiphon::app {

void Summary::add(const music::Quality& quality) {
  ++pieces_;
  notes_ += quality.notes;
  consonant_.add(quality.harmony.consonant_ratio());
  dissonant_.add(quality.harmony.dissonant_ratio());
  unsupported_.add(quality.harmony.unsupported_ratio());
  key_agreement_.add(quality.key_agreement);
  notes_a_bar_.add(quality.density.notes_a_bar);
  polyphony_.add(quality.density.polyphony);
  sounding_.add(quality.density.sounding_ratio);
  pooled_.consonant += quality.harmony.consonant;
  pooled_.dissonant += quality.harmony.dissonant;
  pooled_.unsupported += quality.harmony.unsupported;
  faults_ += quality.faults;
}

void Summary::add(const music::Distance& distance) {
  pitch_.add(distance.pitch);
  pitch_class_.add(distance.pitch_class);
  onset_.add(distance.onset);
  bar_.add(distance.bar);
}

void Summary::add(const music::Histograms& histograms, const music::Histograms& reference) {
  if (!histograms_) histograms_.emplace();
  histograms_->first += histograms;
  histograms_->second += reference;
}

music::Harmony Summary::mean_harmony() const {
  return {consonant_.mean().value_or(0), dissonant_.mean().value_or(0),
          unsupported_.mean().value_or(0)};
}

std::optional<music::Distance> Summary::mean_distance() const {
  if (!histograms_) return std::nullopt;
  return music::Distance{pitch_.mean(), pitch_class_.mean(), onset_.mean(), bar_.mean()};
}

std::optional<music::Distance> Summary::pooled_distance() const {
  if (!histograms_) return std::nullopt;
  return music::distance_of(histograms_->first, histograms_->second);
}

Json Summary::to_json() const {
  const auto or_null = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json();
  };
  Json mean = {{"consonant_ratio", consonant_.mean().value_or(0)},
               {"dissonant_ratio", dissonant_.mean().value_or(0)},
               {"unsupported_ratio", unsupported_.mean().value_or(0)},
               {"key_agreement", or_null(key_agreement_.mean())},
               {"notes_a_bar", notes_a_bar_.mean().value_or(0)},
               {"polyphony", polyphony_.mean().value_or(0)},
               {"sounding_ratio", sounding_.mean().value_or(0)}};
  if (const auto distance = mean_distance()) mean.update(app::to_json(*distance));
  Json pooled = {{"consonant_ratio", pooled_.consonant_ratio()},
                 {"dissonant_ratio", pooled_.dissonant_ratio()},
                 {"unsupported_ratio", pooled_.unsupported_ratio()},
                 {"melody_quarters", pooled_.total()},
                 {"notes", notes_},
                 {"faults",
                  {{"overlapping", faults_.overlapping},
                   {"too_long", faults_.too_long},
                   {"past_end", faults_.past_end},
                   {"empty", faults_.empty}}}};
  if (const auto distance = pooled_distance()) pooled.update(app::to_json(*distance));
  return {{"pieces", pieces_}, {"mean", mean}, {"pooled", pooled}};
}

}  // namespace antiphon::app
