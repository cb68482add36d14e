// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

/// What the `config.json` of every architecture is read and written with.
namespace antiphon::nn {

using ConfigJson = nlohmann::ordered_json;

Error bad_config(const std::string& what);

/// The object, if it says that it is version 1 of the architecture `expected`.
Result<ConfigJson> read_config(std::string_view text, const std::string& expected);

/// Errors: it is missing, or of another kind.
Status read_count(const ConfigJson& json, const char* name, std::uint32_t& out);
Status read_text(const ConfigJson& json, const char* name, std::string& out);

Status check_range(const char* name, std::uint64_t value, std::uint64_t least, std::uint64_t most);
/// That it can be part of a tensor's name or of a flag.
Status check_name(const char* whose, const std::string& name);

std::string config_text(const ConfigJson& json);

}  // namespace antiphon::nn
