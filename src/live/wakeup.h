// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/result.h"

namespace antiphon::live {

/// Nanoseconds of the host's monotonic clock.
std::chrono::nanoseconds host_now();

/// Lets one thread sleep until a point of time, or until another thread has something for it.
///
/// Threads: `notify` from any, `wait_until` from one.
/// Real time: `notify` is one system call that doesn't block and touches no heap.
class Wakeup {
 public:
  static Result<Wakeup> make();
  Wakeup(Wakeup&& other) noexcept;
  Wakeup& operator=(Wakeup&&) = delete;
  ~Wakeup();

  void notify() const noexcept;
  /// Returns at `deadline` (host time) or after a `notify` since the last return.
  void wait_until(std::chrono::nanoseconds deadline) const noexcept;

  /// For those who wait for many things: readable after a `notify`, until `clear`.
  int descriptor() const { return event_; }
  void clear() const noexcept;

 private:
  explicit Wakeup(int event) : event_(event) {}
  int event_;
};

}  // namespace antiphon::live
