// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "music/tempo.h"

namespace antiphon::edge {

/// Whose turn it is where people play in phrases, in their own time, and are answered.
///
/// A phrase is over when nothing has begun for two quarters (four while a key is held), of the
/// tempo that the phrase has; never before 0.6 s. The answer begins on the next quarter, and is as
/// long as the phrase was, from four quarters to eight bars of 4/4. Whoever plays meanwhile has the
/// turn.
class Turns {
 public:
  enum class Turn : std::uint8_t { nobody, player, answer };
  Turn turn() const { return turn_; }
  /// Whether something may be begun in the frame that begins at this step, as an answer.
  bool answers(std::int32_t frame) const { return turn_ == Turn::answer && frame >= from_; }

  /// A note of the player's begins, at a step of the grid; it begins a phrase if it isn't their
  /// turn.
  void hear(std::int32_t step, std::chrono::nanoseconds at);
  /// What comes next is the frame that begins at the step `frame`. `held`: by the player, a key.
  void advance(std::int32_t frame, std::chrono::nanoseconds now, music::Tempo tempo, bool held);

 private:
  Turn turn_ = Turn::nobody;
  std::int32_t first_ = 0, last_ = 0;  // Steps of the phrase,
  std::chrono::nanoseconds heard_{};   // the time of its last note,
  std::int32_t from_ = 0, until_ = 0;  // and the steps of the answer.
};

}  // namespace antiphon::edge
