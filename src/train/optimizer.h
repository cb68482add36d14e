// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "train/parameters.h"

namespace antiphon::train {

struct OptimizerOptions {
  bool muon = true;  ///< For the layers' matrices; AdamW for all else, or for all.
  double beta1 = 0.9;
  double beta2 = 0.95;
  double momentum = 0.95;  ///< Muon's.
  double epsilon = 1e-8;
  double decay = 0.1;  ///< Of the matrices, a step at learning rate 1.
  double clip = 1.0;   ///< Largest norm of the whole gradient; 0: unbounded.
  int threads = 1;     ///< Matrices that Muon updates at once, on a CPU.
};

/// AdamW (Loshchilov and Hutter 2019) over the flat buffers of a model's parameters, and Muon
/// (Jordan et al. 2024) for the matrices of its layers: the momentum, made orthogonal, at the size
/// of AdamW's updates (Liu et al. 2025), so that one learning rate serves both.
class Optimizer {
 public:
  Optimizer(Parameters& parameters, OptimizerOptions options);

  /// One update with the gradients times `gradient_factor`, which are left as they are. Returns the
  /// gradient's norm before clipping; an update with one that isn't finite is skipped.
  double step(double learning_rate, double gradient_factor);

  /// What a checkpoint keeps besides the parameters' values.
  struct State {
    std::int64_t steps = 0;
    std::vector<at::Tensor> mean, square;  ///< By group; Muon keeps its momentum as the mean.
  };
  State& state() { return state_; }
  const State& state() const { return state_; }

 private:
  Parameters& parameters_;
  OptimizerOptions options_;
  State state_;
};

/// One update of a matrix by Muon, at the size of AdamW's updates (Liu et al. 2025): `momentum` is
/// the share of the old momentum that stays, `shrink` what decay leaves of the values. All are
/// [rows, columns], float but for the gradient; the Newton-Schulz iteration runs in `product`.
void muon_step(double rate, double momentum, double shrink, at::ScalarType product,
               const at::Tensor& gradient, const at::Tensor& mean, const at::Tensor& value);

/// The nearest matrix to `x` ([rows, columns], not all zero) whose singular values are all alike,
/// nearly: five steps of the Newton-Schulz iteration of Jordan et al. leave them between 0.7 and
/// 1.2. Runs in x's type.
at::Tensor orthogonal(const at::Tensor& x);

}  // namespace antiphon::train
