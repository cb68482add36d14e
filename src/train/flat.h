// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "nn/safetensors.h"

namespace antiphon::train {

/// How a step of `FlatParameters` is made. Adam (Kingma and Ba 2015) for all, or Muon for the
/// matrices of linear maps.
struct FlatStep {
  double rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.99;
  double decay = 0;  ///< Of all but vectors, apart from the gradient (Loshchilov and Hutter 2019).
  bool muon = false;
};

/// The parameters of a small network, end to end in one float buffer, with their gradient and
/// the optimizer's state in others beside it.
///
/// Declare all tensors, then take `leaf`s: views that autograd takes for leaves, whose gradients
/// lie in the flat gradient.
class FlatParameters {
 public:
  void declare(std::string name, std::vector<std::int64_t> sizes, double deviation, double centre);
  /// A linear map [outputs, inputs] and its bias, as NAME.weight and NAME.bias.
  void declare_linear(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                      double gain);
  /// Makes the buffers, with normal random values.
  void allocate(Random& random);

  at::Tensor leaf(const std::string& name) const;
  std::int64_t count() const { return value_.size(0); }
  at::Tensor& value() { return value_; }
  at::Tensor& gradient() { return gradient_; }

  void step(const FlatStep& step);

  /// As PREFIX/value, with the optimizer's state in PREFIX/mean and PREFIX/square.
  void save(const std::string& prefix, nn::SafeTensorsWriter& writer) const;
  Status load(const std::string& prefix, const nn::SafeTensors& file);
  /// Each tensor under its own name, with its numbers from `values` instead of the own ones.
  void write(const at::Tensor& values, nn::SafeTensorsWriter& writer) const;

 private:
  struct Entry {
    std::string name;
    std::vector<std::int64_t> sizes;
    std::int64_t offset, count;
    double deviation, centre;
    bool linear = false;
  };
  const Entry& find(const std::string& name) const;

  std::vector<Entry> entries_;
  std::int64_t total_ = 0;
  at::Tensor value_, gradient_, mean_, square_;  ///< [count]
  std::int64_t updates_ = 0;
};

/// Normally distributed (Box and Muller 1958).
double normal(Random& random);

}  // namespace antiphon::train
