// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "train/parameters.h"

namespace antiphon::train {

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double decay = 0.1;  ///< Of the matrices, a step at learning rate 1.
  double clip = 1.0;   ///< Largest norm of the whole gradient; 0: unbounded.
};

/// AdamW (Loshchilov and Hutter 2019) over the flat buffers of a model's parameters.
class Adam {
 public:
  Adam(Parameters& parameters, AdamOptions options);

  /// One update with the gradients times `gradient_factor`, which are left as they are. Returns the
  /// gradient's norm before clipping; an update with one that isn't finite is skipped.
  double step(double learning_rate, double gradient_factor);

  /// What a checkpoint keeps besides the parameters' values.
  struct State {
    std::int64_t steps = 0;
    std::vector<at::Tensor> mean, square;  ///< By group.
  };
  State& state() { return state_; }
  const State& state() const { return state_; }

 private:
  Parameters& parameters_;
  AdamOptions options_;
  State state_;
};

}  // namespace antiphon::train
