// SPDX-License-Identifier: Apache-2.0
#include "nn/groove_config.h"

#include <nlohmann/json.hpp>
#include <set>

namespace antiphon::nn {
namespace {

using Json = nlohmann::ordered_json;

Error bad(const std::string& what) { return {Errc::invalid_input, "config.json: " + what}; }

Status check_range(const char* name, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return Done{};
  return bad(std::string("'") + name + "' must be " + std::to_string(least) + " to " +
             std::to_string(most) + ", got " + std::to_string(value));
}

Status read_count(const Json& json, const char* name, std::uint32_t& out) {
  const auto it = json.find(name);
  if (it == json.end()) return bad(std::string("'") + name + "' is missing");
  if (!it->is_number_unsigned() || it->get<std::uint64_t>() > UINT32_MAX) {
    return bad(std::string("'") + name + "' is not a count");
  }
  out = it->get<std::uint32_t>();
  return Done{};
}

}  // namespace

Result<GrooveConfig> GrooveConfig::parse(std::string_view text) {
  if (text.size() > (1u << 20)) return bad("longer than 1 MiB");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return bad("not a JSON object");
  const auto architecture = json.find("architecture");
  std::uint32_t version = 0;
  ANTIPHON_CHECK(read_count(json, "version", version));
  if (architecture == json.end() || *architecture != "groove-gan" || version != 1) {
    return Error{Errc::unsupported, "config.json: expected a groove-gan of version 1"};
  }
  GrooveConfig config;
  ANTIPHON_CHECK(read_count(json, "steps", config.steps));
  ANTIPHON_CHECK(read_count(json, "drums", config.drums));
  ANTIPHON_CHECK(read_count(json, "latent", config.latent));
  ANTIPHON_CHECK(read_count(json, "hidden", config.hidden));
  ANTIPHON_CHECK(read_count(json, "layers", config.layers));
  const auto styles = json.find("styles");
  if (styles == json.end() || !styles->is_array()) return bad("'styles' is missing or not a list");
  for (const Json& style : *styles) {
    if (!style.is_string()) return bad("'styles' has an entry that is not a string");
    config.styles.push_back(style.get<std::string>());
  }
  ANTIPHON_CHECK(config.check());
  return config;
}

std::string GrooveConfig::to_json() const {
  const Json json = {{"architecture", "groove-gan"},
                     {"version", 1},
                     {"steps", steps},
                     {"drums", drums},
                     {"latent", latent},
                     {"hidden", hidden},
                     {"layers", layers},
                     {"styles", styles}};
  return json.dump(2) + "\n";
}

Status GrooveConfig::check() const {
  ANTIPHON_CHECK(check_range("steps", steps, 1, 1024));
  ANTIPHON_CHECK(check_range("drums", drums, 1, 64));
  ANTIPHON_CHECK(check_range("latent", latent, 1, 4096));
  ANTIPHON_CHECK(check_range("hidden", hidden, 1, 8192));
  ANTIPHON_CHECK(check_range("layers", layers, 1, 64));
  ANTIPHON_CHECK(check_range("styles", styles.size(), 1, 256));
  std::set<std::string> names;
  for (const std::string& style : styles) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    if (style.empty() || style.find_first_not_of(allowed) != std::string::npos) {
      return bad("a style's name must be of a-z, 0-9, _ and -, got '" + style + "'");
    }
    if (!names.insert(style).second) return bad("the style '" + style + "' is there twice");
  }
  return Done{};
}

std::uint64_t GrooveConfig::parameters() const {
  const std::uint64_t wide = hidden;
  const auto stack = [&](std::uint64_t inputs, std::uint64_t outputs) {
    return (inputs + 1) * wide + (layers - 1) * (wide + 2) * wide + wide + (wide + 1) * outputs;
  };
  return stack(pattern_inputs(), cells()) + stack(touch_inputs(), std::uint64_t{2} * cells());
}

}  // namespace antiphon::nn
