// SPDX-License-Identifier: Apache-2.0
#include "antiphon/quality_report.h"

namespace antiphon::app {
namespace {

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

}  // namespace

Json to_json(std::span<const std::optional<double>> values) {
  Json json = Json::array();
  for (const std::optional<double>& value : values) json.push_back(or_null(value));
  return json;
}

Json to_json(const music::Quality& quality) {
  Json json;
  json["consonant_ratio"] = quality.harmony.consonant_ratio();
  json["dissonant_ratio"] = quality.harmony.dissonant_ratio();
  json["unsupported_ratio"] = quality.harmony.unsupported_ratio();
  json["melody_quarters"] = quality.harmony.total();
  json["key"] = quality.key ? Json(music::name_of(*quality.key)) : Json();
  json["key_given"] = quality.key_given;
  json["key_agreement"] = or_null(quality.key_agreement);
  json["notes"] = quality.notes;
  json["notes_a_bar"] = quality.density.notes_a_bar;
  json["polyphony"] = quality.density.polyphony;
  json["sounding_ratio"] = quality.density.sounding_ratio;
  json["recurrence"] = or_null(quality.form.recurrence);
  json["likeness_by_lag"] = to_json(quality.form.by_lag);
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
          {"bar_jsd", or_null(distance.bar)},
          {"form_distance", or_null(distance.form)}};
}

}  // namespace antiphon::app
