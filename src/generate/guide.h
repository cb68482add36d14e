// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "music/chord_symbol.h"
#include "tokens/vocabulary.h"

namespace antiphon::generate {

/// The chord from a step on, until the next. Without pitch classes all is free.
struct ChartChord {
  std::int32_t at = 0;
  music::PitchClassSet classes;

  friend bool operator==(const ChartChord&, const ChartChord&) = default;
};

/// Chords that are known ahead, sorted by time: on quarters AI parts begin notes of the chord only,
/// and between them rather than others.
using Chart = std::vector<ChartChord>;

/// The chord that holds at a step; none before the first.
inline music::PitchClassSet chord_at(const Chart& chart, std::int32_t at) {
  const auto next =
      std::upper_bound(chart.begin(), chart.end(), at,
                       [](std::int32_t step, const ChartChord& chord) { return step < chord.at; });
  return next == chart.begin() ? music::PitchClassSet() : std::prev(next)->classes;
}

/// What a player may want of AI parts while they play; it holds from the next frame on.
struct Control {
  enum class Kind : std::uint8_t {
    daring,     ///< 0.5: the temperature as it was given; 0: half of it; 1: half as much again.
    density,    ///< 0.5: as it was; 0 and 1: onsets e^-2 and e^2 times as likely, times between
                ///< them longer and shorter; of a density that is kept, e^-1 and e times as much.
    register_,  ///< 0.5: the instrument's whole range; 0: its lower half; 1: its upper half.
    rest,       ///< 0.5 and above: AI parts begin nothing.
    style,      ///< The music's, as models know it: see `style_at`.
  };
  Kind kind = Kind::daring;
  float value = 0.5f;  ///< In [0, 1].

  friend bool operator==(const Control&, const Control&) = default;
};
inline constexpr std::array<const char*, 5> control_names = {"daring", "density", "register",
                                                             "rest", "style"};

/// The style that a control's value stands for: [0, 1] is shared out among them.
inline tokens::Style style_at(float value) {
  constexpr auto styles = tokens::style_names.size();
  const auto index = static_cast<std::size_t>(value * static_cast<float>(styles));
  return static_cast<tokens::Style>(std::min(index, styles - 1));
}
/// The middle of its share.
inline float value_of(tokens::Style style) {
  return (static_cast<float>(style) + 0.5f) / static_cast<float>(tokens::style_names.size());
}

}  // namespace antiphon::generate
