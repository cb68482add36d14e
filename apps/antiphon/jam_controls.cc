// SPDX-License-Identifier: Apache-2.0
#include "antiphon/jam_controls.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace antiphon::app {
namespace {

constexpr int latest_bar = 100000, largest_number = 119;  // Beyond are channel modes.

Error bad(const char* flag, const std::string& what) {
  return {Errc::invalid_input, std::string(flag) + ": " + what};
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::size_t> index_of(const char* flag, std::span<const char* const> names,
                             std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string all;
  for (const char* const one : names) all += (all.empty() ? "" : ", ") + std::string(one);
  return bad(flag, "'" + std::string(name) + "' is none of " + all);
}

// As people write it: a number, or a style's name.
Result<float> parse_value(const std::string& text, generate::Control::Kind kind) {
  if (kind == generate::Control::Kind::style) {
    if (const auto style = tokens::style_of(text)) return generate::value_of(*style);
    return bad("--control", "'" + text + "' is no style");
  }
  const auto value = number_of<float>(text);
  if (value && *value >= 0 && *value <= 1) return *value;
  return bad("--control", "'" + text + "' is no value of 0 to 1");
}

}  // namespace

Result<std::vector<edge::TimedControl>> parse_controls(
    std::span<const std::string> texts, std::span<const tokens::GridChange<music::Meter>> meters) {
  std::vector<edge::TimedControl> controls;
  for (const std::string& text : texts) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::size_t equals = text.find('=', colon);
    const auto bar = number_of<int>(std::string_view(text).substr(0, colon));
    if (equals == std::string::npos || !bar || *bar < 1 || *bar > latest_bar) {
      return bad("--control",
                 "'" + text + "' isn't BAR:NAME=VALUE, such as 5:density=0.8 or 9:rest=1");
    }
    const auto name = std::string_view(text).substr(colon + 1, equals - colon - 1);
    ANTIPHON_TRY(const std::size_t index, index_of("--control", generate::control_names, name));
    const auto kind = static_cast<generate::Control::Kind>(index);
    ANTIPHON_TRY(const float value, parse_value(text.substr(equals + 1), kind));
    std::int32_t step = 0;
    for (int i = 1; i < *bar; ++i) step += tokens::bar_at(meters, step).length;
    controls.push_back({step, {kind, value}});
  }
  std::stable_sort(controls.begin(), controls.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return controls;
}

Result<edge::ControlChanges> parse_control_changes(std::span<const std::string> texts) {
  edge::ControlChanges changes = edge::usual_control_changes;
  for (const std::string& text : texts) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const auto number =
        number_of<int>(std::string_view(text).substr(std::min(equals + 1, text.size())));
    if (!number || *number < -1 || *number > largest_number) {
      return bad(
          "--cc",
          "'" + text + "' isn't NAME=NUMBER with a control change of 0 to 119, or -1 for none");
    }
    ANTIPHON_TRY(const std::size_t index,
                 index_of("--cc", edge::wish_names, std::string_view(text).substr(0, equals)));
    changes[index] = *number;
  }
  return changes;
}

}  // namespace antiphon::app
