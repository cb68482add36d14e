// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/random.h"
#include "nn/config.h"
#include "nn/safetensors.h"

namespace antiphon::nn {

/// A weights file of random f32 numbers in the making: for tests and measurements.
class RandomWeights {
 public:
  explicit RandomWeights(std::uint64_t seed);

  /// Uniform in [centre - reach, centre + reach].
  void add(const std::string& name, Shape shape, double centre, double reach);
  /// With variance 1 / inputs, so that activations keep their size from layer to layer.
  void matrix(const std::string& name, std::uint64_t outputs, std::uint64_t inputs);
  void norm(const std::string& name, std::uint64_t size) { add(name, {size}, 1.0, 0.2); }
  /// The tensors of an event model's `Ends`.
  void tables(const EventConfig& config);
  void heads(const EventConfig& config);

  Bytes bytes() const { return file_.bytes(); }

 private:
  Random random_;
  SafeTensorsWriter file_;
};

}  // namespace antiphon::nn
