// SPDX-License-Identifier: Apache-2.0
#include "nn/groove_config.h"

#include <set>

#include "nn/config_json.h"

namespace antiphon::nn {

Result<GrooveConfig> GrooveConfig::parse(std::string_view text) {
  ANTIPHON_TRY(const ConfigJson json, read_config(text, architecture));
  GrooveConfig config;
  ANTIPHON_CHECK(read_count(json, "steps", config.steps));
  ANTIPHON_CHECK(read_count(json, "drums", config.drums));
  ANTIPHON_CHECK(read_count(json, "latent", config.latent));
  ANTIPHON_CHECK(read_count(json, "hidden", config.hidden));
  ANTIPHON_CHECK(read_count(json, "layers", config.layers));
  const auto styles = json.find("styles");
  if (styles == json.end() || !styles->is_array())
    return bad_config("'styles' is missing or not a list");
  for (const ConfigJson& style : *styles) {
    if (!style.is_string()) return bad_config("'styles' has an entry that is not a string");
    config.styles.push_back(style.get<std::string>());
  }
  ANTIPHON_CHECK(config.check());
  return config;
}

std::string GrooveConfig::to_json() const {
  return config_text({
      {"architecture", architecture},
      {"version", 1},
      {"steps", steps},
      {"drums", drums},
      {"latent", latent},
      {"hidden", hidden},
      {"layers", layers},
      {"styles", styles},
  });
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
    ANTIPHON_CHECK(check_name("a style's name", style));
    if (!names.insert(style).second) return bad_config("the style '" + style + "' is there twice");
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
