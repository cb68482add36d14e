// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nn/config.h"

namespace antiphon::train {

/// What carries an event model from step to step.
enum class Family { transformer, lstm };

/// Everything that decides which tensors an event model has, and how they are used. An LSTM has no
/// use for the numbers of a transformer's blocks.
struct Shape : nn::EventConfig, nn::BlockConfig {
  Family family = Family::transformer;

  static Shape of(const nn::TransformerConfig& config);
  static Shape of(const nn::LstmConfig& config);
  nn::TransformerConfig transformer() const;
  nn::LstmConfig lstm() const;

  /// Reads and writes the `config.json` of either family.
  static Result<Shape> parse(std::string_view json);
  std::string to_json() const;
  Status check() const;
};

/// The shape with the vocabulary's tables, fields and hash in it, each head with `hidden` units.
Shape with_vocabulary(Shape shape, std::uint32_t hidden);

/// `duet-edge` and `reflex` as far as the vocabulary doesn't decide them.
Shape edge_shape();
Shape reflex_shape();

}  // namespace antiphon::train
