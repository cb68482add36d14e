// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "train/model.h"
#include "train/optimizer.h"

namespace antiphon::train {

/// How far a run has come. The random numbers of step i follow from the seed and i alone.
struct Progress {
  std::int64_t step = 0;
  std::int64_t events = 0;
  double seconds = 0;
  std::uint64_t seed = 1;
};

/// Writes a checkpoint whole or not at all: a safetensors file with the parameters under their own
/// names, the optimizer's means and squares beside them, and the shape and progress as metadata.
Status save_checkpoint(const std::filesystem::path& path, const Model& model,
                       const Optimizer& optimizer, const Progress& progress);

/// Goes on from a checkpoint. Errors: not one, or of another shape.
Status load_checkpoint(const std::filesystem::path& path, Model& model, Optimizer& optimizer,
                       Progress& progress);

/// The shape of a checkpoint's model.
Result<Shape> checkpoint_shape(const std::filesystem::path& path);

}  // namespace antiphon::train
