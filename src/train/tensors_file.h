// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "nn/safetensors.h"

namespace antiphon::train {

/// The tensors of a safetensors file. Errors start with its path.
Result<nn::SafeTensors> read_tensors(const std::filesystem::path& path);

/// A fact that a checkpoint holds beside its tensors. `path` is for the error.
Result<std::string> metadata(const nn::SafeTensors& tensors, const std::filesystem::path& path,
                             const std::string& key);

}  // namespace antiphon::train
