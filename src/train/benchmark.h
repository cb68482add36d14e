// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "train/benchmark_model.h"

namespace antiphon::train {

struct BenchmarkOptions {
  BenchmarkShape shape;
  std::uint64_t seed = 1;
  double minutes = 5;  ///< The learning rate falls to zero by then.
  double validate_minutes = 0.5;
  double rate = 2e-3;
  double dropout = 0.15;
  double decay = 0.05;
  std::int64_t rows = 16;     ///< Excerpts a step.
  std::int64_t length = 128;  ///< Frames an excerpt.
  int transpose = 0;          ///< Semitones up and down; `voices` only.
};

/// Mean nats a frame, or a voice and frame, as the published tables count.
struct BenchmarkResult {
  double valid = 0, test = 0;
  double best_minute = 0, minutes = 0;
  std::int64_t steps = 0;
  std::string curve;  ///< minute,train,valid
};

/// The whole pieces' mean under `model`, from the start of each. A frame is told from at least
/// half a stretch of 512 frames before it, where there are as many.
double benchmark_nats(const BenchmarkModel& model, const BenchmarkData& data,
                      const std::vector<Frames>& pieces);

/// Trains on `data.train` from scratch; the average of the weights that is best on `data.valid` is
/// measured on `data.test`, once.
BenchmarkResult train_benchmark(const BenchmarkData& data, const BenchmarkOptions& options,
                                const std::function<bool()>& stop,
                                const std::function<void(const std::string&)>& say);

}  // namespace antiphon::train
