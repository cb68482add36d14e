// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "live/output.h"
#include "live/timeline.h"
#include "tokens/stream.h"

namespace antiphon::edge {

/// Clicks on each beat, on the drum channel: the bar's first one higher and louder. Beats are the
/// meter's own denominators; a bar of eighths in threes (6/8, 9/8, 12/8) is clicked in dotted
/// quarters.
class Metronome {
 public:
  /// `timeline` is borrowed. Clicks from `count_in` bars before step 0 on, for good or to step 0.
  Metronome(const live::Timeline& timeline,
            std::span<const tokens::GridChange<music::Meter>> meters, int count_in, bool goes_on);

  /// The count-in's length: how long before step 0 the first click comes.
  std::chrono::nanoseconds lead() const { return -time_of(first_); }
  /// Appends the clicks up to `until` (jam's time) that weren't given yet.
  void click(std::chrono::nanoseconds until, std::vector<live::TimedMessage>& out);
  /// When the next one comes; never, if that was all.
  std::chrono::nanoseconds due() const;

 private:
  std::chrono::nanoseconds time_of(std::int32_t step) const;

  const live::Timeline& timeline_;
  std::vector<tokens::GridChange<music::Meter>> meters_;
  std::int32_t first_, next_;
  bool goes_on_;
};

}  // namespace antiphon::edge
