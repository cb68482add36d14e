// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace antiphon::formats {

/// What a written bar says of the order in which bars are played. Labels of signs are numbers given
/// by whoever reads them; `none` is no sign.
struct BarFlow {
  static constexpr int none = -1;

  bool forward_repeat = false;  ///< |: at its start.
  int times = 0;                ///< :| at its end: how often the section is played; 0 = no sign.
  std::uint64_t ending_starts = 0;  ///< Bit n - 1 for "n.": a bracket begins here.
  bool ending_stops = false;        ///< A bracket ends here.
  bool da_capo = false;
  bool fine = false;
  int dal_segno = none;
  int segno = none;
  int to_coda = none;
  int coda = none;
};

/// The bars in the order in which they are played: repeats, numbered endings, D.C. and D.S. with
/// Fine and Coda. After D.C. or D.S. repeats are not taken again, and last endings are played.
/// Nothing if that is more than `max_bars`.
std::optional<std::vector<std::uint32_t>> play_order(std::span<const BarFlow> bars,
                                                     std::size_t max_bars);

}  // namespace antiphon::formats
