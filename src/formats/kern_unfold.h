// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "music/score.h"

namespace antiphon::formats {

/// A stretch of a piece as written, end not included.
struct Span {
  music::Ticks from, to;
  friend bool operator==(const Span&, const Span&) = default;
};

/// A bar line with repeat signs.
struct KernRepeat {
  music::Ticks at;
  bool ends = false;    ///< `:|`: what came since the last start is played again.
  bool starts = false;  ///< `|:`
};

/// The order of play of a piece that lasts to `end`; `repeats` are in order of time.
std::vector<Span> spans_of_repeats(const std::vector<KernRepeat>& repeats, music::Ticks end);

/// The piece with its spans one after another, as tempo, meter and key hold in each; nothing if it
/// would be more than 8 times as long, or hold over 65,536 notes and words more than twice its own.
std::optional<music::Score> play_in_order(const music::Score& score,
                                          const std::vector<Span>& order);

}  // namespace antiphon::formats
