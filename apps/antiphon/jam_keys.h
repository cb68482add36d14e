// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "edge/messages.h"
#include "live/spsc_queue.h"
#include "live/wakeup.h"

namespace antiphon::app {

/// Wishes from the terminal's keyboard: d D for density, r R for register, w W for daring, a step
/// down or up, s S for the style before or after, the space bar for a rest and back, and t on each
/// beat for the tempo.
///
/// Threads: one of its own reads; one other takes from `queue`.
class TerminalKeys {
 public:
  /// Null where standard input is no terminal. `wakeup` is borrowed, and notified of wishes;
  /// `style` is the one to begin with. The terminal is as it was when it ends.
  static std::unique_ptr<TerminalKeys> start(const live::Wakeup& wakeup, tokens::Style style);
  virtual ~TerminalKeys() = default;

  /// Taps are in host time.
  virtual live::SpscQueue<edge::Wish>& queue() = 0;
};

/// What keys wish for, as they come.
class KeyWishes {
 public:
  explicit KeyWishes(tokens::Style style) : style_(style) {}

  /// Nothing if the key, pressed at `at`, means nothing.
  std::optional<edge::Wish> press(char key, std::chrono::nanoseconds at);

 private:
  std::array<float, 4> values_ = {0.5f, 0.5f, 0.5f, 0};  // Of all kinds but the style.
  tokens::Style style_;
};

}  // namespace antiphon::app
