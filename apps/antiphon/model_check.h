// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace antiphon::app {

/// What a model's folder says of itself; the weights' header is read, not the numbers.
struct ModelFacts {
  std::string name;
  std::filesystem::path folder;
  std::string architecture;
  std::string config;  ///< As canonical JSON.
  std::uint64_t parameters = 0;
  std::string shape;         ///< In words.
  std::string weights_type;  ///< Of the matrices: "f32", "bf16" or "int8".
  std::uintmax_t weights_bytes = 0;
  std::map<std::string, std::string> metadata;  ///< Of the weights file.
};

/// Errors: which file of the folder is missing or wrong.
Result<ModelFacts> read_model_facts(const std::filesystem::path& folder);

/// The folders under all roots that hold a model, by root and name. One that an earlier root has
/// too is left out.
std::vector<std::filesystem::path> model_folders();

/// What was checked of a model, a sentence each.
struct ModelCheck {
  std::vector<std::string> passed, failed;
};

/// Holds the hashes in config.json and in the weights' header against the files, and loads the
/// model.
ModelCheck check_model(const std::filesystem::path& folder);

}  // namespace antiphon::app
