// SPDX-License-Identifier: Apache-2.0
#include "tokens/vocabulary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace antiphon::tokens {
namespace {

// Class i + 1 is meters[i].
constexpr std::array<std::pair<int, int>, 20> meters = {
    {{2, 4}, {3, 4}, {4, 4},  {5, 4}, {6, 4}, {2, 2}, {3, 2}, {4, 2}, {6, 2}, {3, 8},
     {6, 8}, {9, 8}, {12, 8}, {2, 8}, {4, 8}, {5, 8}, {7, 8}, {1, 4}, {1, 8}, {6, 16}}};

// Class i + 1 ends below tempo_bounds[i].
constexpr std::array<double, 7> tempo_bounds = {58, 74, 90, 106, 122, 140, 168};

}  // namespace

std::optional<Style> style_of(std::string_view name) {
  const auto found = std::find(style_names.begin(), style_names.end(), name);
  if (found == style_names.end()) return std::nullopt;
  return static_cast<Style>(found - style_names.begin());
}

int meter_class(const std::optional<music::Meter>& meter) {
  if (!meter) return 0;
  const auto found =
      std::find(meters.begin(), meters.end(), std::pair(meter->numerator(), meter->denominator()));
  return found == meters.end() ? 0 : 1 + static_cast<int>(found - meters.begin());
}

int key_class(const std::optional<music::Key>& key) {
  if (!key) return 0;
  return 1 + (std::clamp(key->fifths, -7, 7) + 7) + (key->mode == music::Mode::minor ? 15 : 0);
}

int tempo_class(const std::optional<double>& bpm) {
  if (!bpm) return 0;
  return 1 + static_cast<int>(std::upper_bound(tempo_bounds.begin(), tempo_bounds.end(), *bpm) -
                              tempo_bounds.begin());
}

std::string vocabulary_json() {
  using nlohmann::ordered_json;
  const auto list = [](const auto& tables) {
    ordered_json out = ordered_json::array();
    for (const Table& table : tables) {
      out.push_back({{"name", table.name}, {"first", table.first}, {"size", table.size}});
    }
    return out;
  };
  ordered_json json;
  json["version"] = vocabulary_version;
  json["steps_per_quarter"] = 12;
  json["input"] = list(input::all);
  json["condition"] = list(condition::all);
  for (const FieldShape& field : fields) {
    json["fields"].push_back({{"name", field.name}, {"size", field.size}});
  }
  json["styles"] = style_names;
  for (const auto& [numerator, denominator] : meters) {
    json["meters"].push_back(std::to_string(numerator) + "/" + std::to_string(denominator));
  }
  json["tempo_bounds"] = tempo_bounds;
  return json.dump(1) + "\n";
}

}  // namespace antiphon::tokens
