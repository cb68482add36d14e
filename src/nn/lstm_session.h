// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "nn/lstm.h"

namespace antiphon::nn {

/// One listener's context of an LSTM, used as a transformer's `Session` is. The state after every
/// step is kept, so that going back costs nothing.
///
/// Threads: one at a time. Real time: after construction nothing allocates, and every step costs
/// the same.
class LstmSession {
 public:
  /// `capacity`: the most steps held, up to the model's context; 0 takes all of it.
  explicit LstmSession(std::shared_ptr<const Lstm> model, std::size_t capacity = 0);

  const Lstm& model() const { return *model_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  /// Appends at least one step; gives the backbone's output z [dim] of the last. The result is
  /// valid until the next call of feed or score. Must fit: size() + steps.size() <= capacity().
  std::span<const float> feed(std::span<const Step> steps);
  std::span<const float> feed(const Step& step) { return feed(std::span(&step, 1)); }
  /// Like `feed`, but writes every step's output to `z` [steps, dim].
  void score(std::span<const Step> steps, std::span<float> z);

  /// Goes back to the first `size` steps, as if the later ones had never been fed. O(1).
  void rewind(std::size_t size);
  void reset() { rewind(0); }

  /// The choice of an event's fields: see `Choice`.
  void begin() { choice_.begin(z_); }
  void begin(std::span<const float> z) { choice_.begin(z); }
  std::span<float> logits(std::size_t field) { return choice_.logits(field); }
  void condition(std::span<const std::uint16_t> rows) { choice_.condition(rows); }

 private:
  /// At most `chunk` steps through all layers; their part of the stream stays in `x_`.
  void feed_chunk(std::span<const Step> steps);
  void run_layer(std::size_t index, std::size_t steps);
  /// A layer's cells [dim] and, behind them, its state [dim] after `step` steps.
  float* cells(std::size_t step, std::size_t layer);

  /// Steps that go through a layer together, so that half of its weights are read once for all.
  static constexpr std::size_t chunk = 16;

  std::shared_ptr<const Lstm> model_;
  std::size_t capacity_;
  std::size_t dim_;
  std::size_t size_ = 0;
  AlignedVector<float> memory_;  ///< [capacity + 1, layers, {cells, state}, dim]; the first zeros.
  AlignedVector<float> x_;       ///< [chunk, dim], the stream.
  AlignedVector<float> normed_;  ///< [dim]
  AlignedVector<float> gates_;   ///< [chunk, 4 dim]
  AlignedVector<std::byte> operands_;  ///< [chunk]
  std::size_t operand_bytes_;
  AlignedVector<float> z_;  ///< [dim], of the last step fed.
  Choice choice_;
};

}  // namespace antiphon::nn
