// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests: small shapes with every feature on, and steps to feed them.

#include <vector>

#include "base/random.h"
#include "nn/lstm_session.h"
#include "nn/session.h"

namespace antiphon::nn {

/// Grouped heads, both rotaries, no size a multiple of a vector's, fields with and without a hidden
/// layer.
inline TransformerConfig small_config() {
  TransformerConfig c;
  c.dim = 50;
  c.layers = 3;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 14;
  c.ff = 75;
  c.context = 80;
  c.rotary = {4, 10000.0, 3, 1000.0};
  c.input_rows = 40;
  c.condition_rows = 24;
  c.fields = {{"shift", 97, 33}, {"voice", 9, 0}, {"pitch", 130, 66}};
  return c;
}

inline LstmConfig small_lstm_config() {
  LstmConfig c;
  static_cast<EventConfig&>(c) = small_config();
  return c;
}

/// Owns the rows of some steps.
class Steps {
 public:
  Steps(const EventConfig& config, std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::int32_t time = 0;
    for (std::size_t i = 0; i < count; ++i) {
      auto& rows = rows_.emplace_back(1 + random.below(5));
      for (auto& row : rows) row = static_cast<std::uint16_t>(random.below(config.input_rows));
      time += static_cast<std::int32_t>(random.below(3) * 12);
      times_.push_back(time);
    }
    for (std::size_t i = 0; i < count; ++i) steps_.push_back({rows_[i], times_[i]});
  }

  std::span<const Step> all() const { return steps_; }
  std::span<const std::int32_t> times() const { return times_; }

 private:
  std::vector<std::vector<std::uint16_t>> rows_;
  std::vector<std::int32_t> times_;
  std::vector<Step> steps_;
};

}  // namespace antiphon::nn
