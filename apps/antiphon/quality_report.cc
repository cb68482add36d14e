// SPDX-License-Identifier: Apache-2.0
#include "antiphon/quality_report.h"

#include <algorithm>
#include <array>

namespace antiphon::app {
namespace {

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

}  // namespace

std::string name_of(music::Key key) {
  // Along the circle of fifths, from C flat major to A sharp minor.
  constexpr std::array<const char*, 18> tonics = {
      "C flat", "G flat", "D flat", "A flat",  "E flat",  "B flat",  "F",       "C",      "G", "D",
      "A",      "E",      "B",      "F sharp", "C sharp", "G sharp", "D sharp", "A sharp"};
  const int place = std::clamp(key.fifths, -7, 7) + 7 + (key.mode == music::Mode::minor ? 3 : 0);
  return std::string(tonics[static_cast<std::size_t>(place)]) +
         (key.mode == music::Mode::minor ? " minor" : " major");
}

Json to_json(const music::Quality& quality) {
  Json json;
  json["consonant_ratio"] = quality.harmony.consonant_ratio();
  json["dissonant_ratio"] = quality.harmony.dissonant_ratio();
  json["unsupported_ratio"] = quality.harmony.unsupported_ratio();
  json["melody_quarters"] = quality.harmony.total();
  json["key"] = quality.key ? Json(name_of(*quality.key)) : Json();
  json["key_given"] = quality.key_given;
  json["key_agreement"] = or_null(quality.key_agreement);
  json["notes"] = quality.notes;
  json["notes_a_bar"] = quality.density.notes_a_bar;
  json["polyphony"] = quality.density.polyphony;
  json["sounding_ratio"] = quality.density.sounding_ratio;
  json["faults"] = {{"overlapping", quality.faults.overlapping},
                    {"too_long", quality.faults.too_long},
                    {"past_end", quality.faults.past_end},
                    {"empty", quality.faults.empty}};
  return json;
}

Json to_json(const music::Distance& distance) {
  return {{"pitch_jsd", or_null(distance.pitch)},
          {"pitch_class_jsd", or_null(distance.pitch_class)},
          {"onset_jsd", or_null(distance.onset)},
          {"bar_jsd", or_null(distance.bar)}};
}

}  // namespace antiphon::app
