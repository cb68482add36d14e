// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "train/benchmark_model.h"

namespace antiphon::train {

struct BenchmarkOptions {
  BenchmarkShape shape;
  std::uint64_t seed = 1;
  std::int64_t steps = 1000;  ///< The learning rate falls to zero by then.
  std::int64_t validate_steps = 100;
  double rate = 3e-3;
  double decay = 0.1;
  bool muon = true;  ///< For the matrices; Adam for all else, or for all.
  Dropout dropout{.activations = 0.15, .notes = 0};
  std::int64_t rows = 16;     ///< Excerpts a step.
  std::int64_t length = 128;  ///< Frames an excerpt.
  int transpose = 0;          ///< Semitones up and down.
};

struct BenchmarkResult {
  double valid = 0;  ///< Mean nats a frame, or a voice and frame, as the published tables count.
  at::Tensor test;   ///< The test split's frames, nats each; see `frame_nats`.
  std::int64_t best = 0;  ///< The step that was best on the validation split.
  std::int64_t steps = 0;
  double minutes = 0;
  std::string curve;  ///< step,train,valid
};

/// -ln p of each frame of the pieces under `model`, [frames] of double, each piece from its start.
/// A frame is told from at least half a stretch of 512 frames before it, where there are as many.
at::Tensor frame_nats(const BenchmarkModel& model, const std::vector<Frames>& pieces);

/// The mean as the published tables count it: by frames, or by voices of frames.
double published_mean(const BenchmarkData& data, const at::Tensor& frame_nats);

/// -ln of the mean of the models' probabilities, frame by frame: what a player gets who asks all of
/// them. `models` are [frames] each.
at::Tensor mixture_nats(const std::vector<at::Tensor>& models);

/// Trains on `data.train` from scratch; the average of the weights that is best on `data.valid` is
/// measured on `data.test`, once.
BenchmarkResult train_benchmark(const BenchmarkData& data, const BenchmarkOptions& options,
                                const std::function<bool()>& stop,
                                const std::function<void(const std::string&)>& say);

}  // namespace antiphon::train
