// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "live/beat_tracker.h"

namespace antiphon::live {

/// What somebody else's clock does.
struct ClockNews {
  enum class Kind : std::uint8_t {
    start,  ///< The music begins with a bar; `beat.quarters` counts from there on.
    beat,   ///< It is at `beat`,
    stop,   ///< and no more; the next beat goes on from there.
  };
  Kind kind = Kind::beat;
  Beat beat;  ///< In host time.
};

/// Keeps the time of a jam, where the jam doesn't itself.
///
/// Threads: the conductor's.
class Clock {
 public:
  virtual ~Clock() = default;
  /// False if there is nothing new; `news` is then unchanged.
  virtual bool poll(ClockNews& news) = 0;
};

}  // namespace antiphon::live
