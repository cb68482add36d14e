// SPDX-License-Identifier: Apache-2.0
#include "nn/config_json.h"

namespace antiphon::nn {

Error bad_config(const std::string& what) { return {Errc::invalid_input, "config.json: " + what}; }

Result<ConfigJson> read_config(std::string_view text, const std::string& expected) {
  if (text.size() > (1u << 20)) return bad_config("longer than 1 MiB");
  ConfigJson json = ConfigJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return bad_config("not a JSON object");
  std::string architecture;
  std::uint32_t version = 0;
  ANTIPHON_CHECK(read_text(json, "architecture", architecture));
  ANTIPHON_CHECK(read_count(json, "version", version));
  if (architecture == expected && version == 1) return json;
  return Error{Errc::unsupported, "config.json: expected architecture " + expected + " 1, got " +
                                      architecture + " " + std::to_string(version)};
}

Status read_count(const ConfigJson& json, const char* name, std::uint32_t& out) {
  const auto it = json.find(name);
  if (it == json.end()) return bad_config(std::string("'") + name + "' is missing");
  if (!it->is_number_unsigned() || it->get<std::uint64_t>() > UINT32_MAX) {
    return bad_config(std::string("'") + name + "' is not a count");
  }
  out = it->get<std::uint32_t>();
  return Done{};
}

Status read_text(const ConfigJson& json, const char* name, std::string& out) {
  const auto it = json.find(name);
  if (it == json.end()) return bad_config(std::string("'") + name + "' is missing");
  if (!it->is_string()) return bad_config(std::string("'") + name + "' is not a string");
  out = it->get<std::string>();
  return Done{};
}

Status check_range(const char* name, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return Done{};
  return bad_config(std::string("'") + name + "' must be " + std::to_string(least) + " to " +
                    std::to_string(most) + ", got " + std::to_string(value));
}

Status check_name(const char* whose, const std::string& name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-";
  if (!name.empty() && name.find_first_not_of(allowed) == std::string::npos) return Done{};
  return bad_config(std::string(whose) + " must be of a-z, 0-9, _ and -, got '" + name + "'");
}

std::string config_text(const ConfigJson& json) {
  return json.dump(2, ' ', false, ConfigJson::error_handler_t::replace) + "\n";
}

}  // namespace antiphon::nn
