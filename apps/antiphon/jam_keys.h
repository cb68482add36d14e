// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "generate/guide.h"
#include "live/spsc_queue.h"
#include "live/wakeup.h"

namespace antiphon::app {

/// Wishes from the terminal's keyboard: d D for density, r R for register, w W for daring, a step
/// down or up, and the space bar for a rest and back.
///
/// Threads: one of its own reads; one other takes from `queue`.
class TerminalKeys {
 public:
  /// Null where standard input is no terminal. `wakeup` is borrowed, and notified of wishes. The
  /// terminal is as it was when it ends.
  static std::unique_ptr<TerminalKeys> start(const live::Wakeup& wakeup);
  virtual ~TerminalKeys() = default;

  virtual live::SpscQueue<generate::Control>& queue() = 0;
};

/// What keys wish for, as they come.
class KeyWishes {
 public:
  /// False if the key means nothing.
  bool press(char key, generate::Control& wish);

 private:
  float values_[generate::control_names.size()] = {0.5f, 0.5f, 0.5f, 0};
};

}  // namespace antiphon::app
