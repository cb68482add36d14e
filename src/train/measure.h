// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "train/batch.h"
#include "train/shape.h"

namespace antiphon::train {

/// A batch of nonsense with the measures of a real one, for benchmarks and tests: about 11 rows a
/// step, and as many events of each kind as music has.
Batch random_batch(const Shape& shape, std::int64_t sequences, std::int64_t length,
                   std::uint64_t seed);

struct Throughput {
  std::int64_t parameters = 0;
  double steps_per_s = 0;  ///< Model steps, which are events, a second: the best of the rounds.
  double forward_ms = 0;
  double backward_ms = 0;
  double update_ms = 0;
};

/// Times whole training steps on a random batch.
Throughput measure_training(const Shape& shape, at::ScalarType product, at::Device device,
                            std::int64_t sequences, int rounds);

}  // namespace antiphon::train
