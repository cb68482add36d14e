// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "generate/sampler.h"
#include "train/dataset.h"
#include "train/trainer.h"

namespace antiphon::tuning {

struct TuneOptions {
  std::filesystem::path from;        ///< Checkpoint of the likelihood model.
  std::filesystem::path checkpoint;  ///< Folder of `last.safetensors` and `curve.csv`.
  bool resume = false;
  std::int64_t steps = 0;  ///< Ends after so many steps; 0: no bound.
  double minutes = 0;      ///< Ends after so long, the pauses between runs left out; 0: no bound.
  int scenes = 16;         ///< A step.
  int lives = 6;           ///< In each scene.
  std::size_t scene_steps = 320;  ///< Longest scene, in the model steps of what is written.
  generate::Sampling sampling{.temperature = 0.95, .top_p = 0.95};
  double discount = 0.6;  ///< What a span counts for the timing of the span before.
  double divergence =
      0.05;  ///< Mark lost by a note for each nat that it is likelier than in `from`.
  double likelihood = 1.0;  ///< Weight of the pieces' own likelihood beside the rewards.
  std::int64_t rows = 2;    ///< Of pieces as they are written, a step.
  double learning_rate = 1e-4;
  std::int64_t warmup = 10;
  std::uint64_t seed = 1;
  train::AdamOptions adam;
  at::ScalarType product = at::kBFloat16;
  std::int64_t validate_steps = 20;
};

/// Tunes a model for living: what it learned from perfect pasts it now learns for pasts that it
/// played itself. A step lets the model, as int8 in the engine, live several times in each of some
/// scenes under live conditions, marks each note by its pitch (`note_marks`) and each span by its
/// timing (`Marks`), and raises the likelihood of what did better than the other lives in the same
/// scene: policy gradients (Williams 1992) with the others' mean as baseline. A penalty on the
/// divergence from the likelihood model (as in ReaLchords, Wu et al. 2024) and some likelihood of
/// real pieces hold it to music.
///
/// Runs until the options' bound or until `stop` says so, then saves. `say` gets a line now and
/// then. Errors: a checkpoint that can't be read, data without scenes.
Status tune(const TuneOptions& options, const train::Dataset& train,
            const train::Dataset& validation, const std::function<bool()>& stop,
            const std::function<void(const std::string&)>& say);

}  // namespace antiphon::tuning
