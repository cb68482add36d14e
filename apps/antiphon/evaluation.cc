// SPDX-License-Identifier: Apache-2.0
#include "antiphon/evaluation.h"

#include <algorithm>

namespace antiphon::app {

music::Quality Summary::add(const music::Score& score, const music::Roles& roles) {
  const music::Quality quality = music::quality_of(score, roles);
  ++pieces_;
  notes_ += quality.notes;
  consonant_.add(quality.harmony.consonant_ratio());
  dissonant_.add(quality.harmony.dissonant_ratio());
  unsupported_.add(quality.harmony.unsupported_ratio());
  key_agreement_.add(quality.key_agreement);
  notes_a_bar_.add(quality.density.notes_a_bar);
  polyphony_.add(quality.density.polyphony);
  sounding_.add(quality.density.sounding_ratio);
  recurrence_.add(quality.form.recurrence);
  for (std::size_t i = 0; i < by_lag_.size(); ++i) by_lag_[i].add(quality.form.by_lag[i]);
  pooled_.consonant += quality.harmony.consonant;
  pooled_.dissonant += quality.harmony.dissonant;
  pooled_.unsupported += quality.harmony.unsupported;
  faults_ += quality.faults;
  const auto described = music::descriptors_of(score, roles);
  descriptors_.insert(descriptors_.end(), described.begin(), described.end());
  return quality;
}

music::Distance Summary::compare(const music::Score& score, const music::Roles& roles,
                                 const music::Score& reference,
                                 const music::Roles& reference_roles) {
  const auto notes = music::accompaniment_of(score, roles);
  const auto reference_notes = music::accompaniment_of(reference, reference_roles);
  // As StreamMUSE has it, the piece is over with the last note of either accompaniment.
  music::Ticks end;
  for (const auto* side : {&notes, &reference_notes}) {
    for (const music::Note& note : *side) end = std::max(end, note.end());
  }
  const auto ours = music::histograms_of(score, roles, end);
  const auto theirs = music::histograms_of(reference, reference_roles, end);
  if (!histograms_) histograms_.emplace();
  histograms_->first += ours;
  histograms_->second += theirs;

  music::Distance distance = music::distance_of(ours, theirs);
  distance.form = music::form_distance(music::form_of(notes, music::bars_of(score)),
                                       music::form_of(reference_notes, music::bars_of(reference)));
  pitch_.add(distance.pitch);
  pitch_class_.add(distance.pitch_class);
  onset_.add(distance.onset);
  bar_.add(distance.bar);
  form_.add(distance.form);
  return distance;
}

std::array<std::optional<double>, music::Form::lags> Summary::mean_by_lag() const {
  std::array<std::optional<double>, music::Form::lags> means;
  for (std::size_t i = 0; i < means.size(); ++i) means[i] = by_lag_[i].mean();
  return means;
}

std::optional<double> Summary::frechet_distance(const Summary& reference) const {
  return music::frechet_distance(descriptors_, reference.descriptors_);
}

music::Harmony Summary::mean_harmony() const {
  return {consonant_.mean().value_or(0), dissonant_.mean().value_or(0),
          unsupported_.mean().value_or(0)};
}

std::optional<music::Distance> Summary::mean_distance() const {
  if (!histograms_) return std::nullopt;
  return music::Distance{pitch_.mean(), pitch_class_.mean(), onset_.mean(), bar_.mean(),
                         form_.mean()};
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
               {"sounding_ratio", sounding_.mean().value_or(0)},
               {"recurrence", or_null(recurrence_.mean())},
               {"likeness_by_lag", app::to_json(mean_by_lag())}};
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
