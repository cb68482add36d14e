// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "nn/type.h"

namespace antiphon::train {

/// Makes `config.json` and `weights.safetensors` of a model's folder from the `best.safetensors` of
/// a training run; `facts` go into the weights' header. Matrices are stored in `type`.
Status export_groove(const std::filesystem::path& weights, const std::filesystem::path& folder,
                     nn::Type type, const std::map<std::string, std::string>& facts);

/// Writes a small random generator and what libtorch computes with it, as NAME.json (its
/// configuration) and NAME.safetensors: the weights under their own names and, all in F32,
///   golden.condition   [rows, condition]
///   golden.pattern     [rows, cells]      logits
///   golden.hits        [rows, cells]      what is given to the touch
///   golden.velocities  [rows, cells]      where struck; 0 elsewhere
///   golden.offsets     [rows, cells]      the same
Status write_groove_golden(const std::filesystem::path& folder, const std::string& name,
                           std::uint64_t seed);

}  // namespace antiphon::train
