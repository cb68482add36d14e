// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "train/shape.h"

namespace antiphon::train {

/// A tensor of the weights file and where it lies in its group's flat buffer.
struct Slice {
  std::string name;
  std::vector<std::int64_t> sizes;
  std::int64_t offset = 0;
  std::int64_t count = 0;
};

/// Parameters that are stored and updated alike, end to end in one flat buffer each: values in
/// float, a working copy in the type that products run in (the values themselves where that is
/// float), and the working copy's gradient.
struct ParameterGroup {
  std::vector<Slice> slices;
  bool decays = false;  ///< Whether weight decay shrinks it.
  bool hidden = false;  ///< Matrices within layers: what Muon is for.
  at::Tensor value;     ///< [count] float
  at::Tensor work;      ///< [count]
  at::Tensor gradient;  ///< [count], of work's type
  std::int64_t count() const { return value.size(0); }
};

/// All parameters of a model: the matrices of the layers and those of the heads run in products and
/// decay, others are tables, norms and biases, in float.
///
/// The tensors handed out are views of the working copies that libtorch's autograd takes for
/// leaves; their gradients are views of the flat gradients.
class Parameters {
 public:
  /// Seeded values: the same on every machine for a seed.
  Parameters(const Shape& shape, at::ScalarType product, at::Device device, std::uint64_t seed);

  /// The leaf over slices `first` to `last` of one group, which follow each other and have the same
  /// number of columns: q, k and v as one matrix, the biases of an LSTM's gates as one vector.
  at::Tensor leaf(const std::string& first, const std::string& last);
  at::Tensor leaf(const std::string& name) { return leaf(name, name); }

  std::vector<ParameterGroup*> groups() { return {&layers_, &heads_, &others_}; }
  std::vector<const ParameterGroup*> groups() const { return {&layers_, &heads_, &others_}; }
  std::int64_t count() const { return layers_.count() + heads_.count() + others_.count(); }

  /// Copies the values into the working copies; after the values were set from outside.
  void refresh();
  void zero_gradients();

 private:
  ParameterGroup layers_, heads_, others_;
};

}  // namespace antiphon::train
