// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "train/model.h"

namespace antiphon::train {

/// The shape of what a new run may begin with: a checkpoint, or a folder that `export_model` made.
Result<Shape> shape_to_begin_with(const std::filesystem::path& path);

/// Sets a model's parameters to those of a checkpoint, or of an exported folder, whose rounded
/// numbers become floats.
///
/// A model with more layers begins as the same function: each of its layers is a copy of the one at
/// the same share of the depth, and every copy but the first adds nothing to the stream, since what
/// it adds is multiplied by zeros to begin with (the block expansion of Wu et al. 2024, "LLaMA
/// Pro").
///
/// Errors: neither of the two, fewer layers, an LSTM with more, or another shape otherwise.
Status begin_with(const std::filesystem::path& path, Model& model);

}  // namespace antiphon::train
