// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "nn/type.h"

namespace antiphon::train {

/// Writes the model folder that players load: `weights.safetensors` with a checkpoint's parameters,
/// `config.json` and `vocabulary.json`. `type` is what matrices are stored in; as int8, tables stay
/// in bfloat16, because their rows are summed and take no time. Norms and biases are always float.
/// `facts` go into the weights' metadata beside what the format asks for.
Status export_model(const std::filesystem::path& checkpoint, const std::filesystem::path& folder,
                    nn::Type type, const std::map<std::string, std::string>& facts);

}  // namespace antiphon::train
