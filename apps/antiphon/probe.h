// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"

namespace antiphon::app {

/// A small classifier, trained to read something out of a model's activations: one hidden layer of
/// rectified units and a softmax, trained by Adam (Kingma and Ba 2015).
class Probe {
 public:
  Probe(std::size_t inputs, std::size_t hidden, std::size_t classes, std::uint64_t seed);

  /// Shapes: rows [labels, inputs].
  void train(std::span<const float> rows, std::span<const int> labels, int epochs);
  /// The likeliest class of a row [inputs].
  int guess(std::span<const float> row);

 private:
  /// A matrix [inputs, outputs] and a bias [outputs], in one; the last row is the bias.
  struct Layer {
    std::size_t inputs, outputs;
    std::vector<float> weights, gradient, mean, square;

    Layer(std::size_t inputs, std::size_t outputs, Random& random);
    void run(std::span<const float> x, std::span<float> y) const;
    void add_gradient(std::span<const float> x, std::span<const float> of_y);
    void step(int count);
  };
  void run(std::span<const float> row);

  Random random_;
  Layer first_, second_;
  std::vector<float> hidden_, scores_, of_hidden_;
  int steps_ = 0;
};

}  // namespace antiphon::app
