// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "nn/type.h"

namespace antiphon::train {

/// Another checkpoint that has a share, in [0, 1], in each weight: a mean of what a model was and
/// of what further training on something narrower made of it keeps much of both (Wortsman et al.
/// 2022, "Robust fine-tuning of zero-shot models").
struct Mixed {
  std::filesystem::path checkpoint;
  float share = 0;
};

/// Writes the model folder that players load: `weights.safetensors` with a checkpoint's parameters,
/// `config.json` and `vocabulary.json`. `type` is what matrices are stored in; as int8, tables stay
/// in bfloat16, because their rows are summed and take no time. Norms and biases are always float.
/// `facts` go into the weights' metadata beside what the format asks for. Errors: a file that is no
/// checkpoint of this vocabulary; one to be mixed in of another shape.
Status export_model(const std::filesystem::path& checkpoint, const std::filesystem::path& folder,
                    nn::Type type, const std::map<std::string, std::string>& facts,
                    const Mixed& mixed = {});

}  // namespace antiphon::train
