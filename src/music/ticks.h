// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace antiphon::music {

/// A point or a span of score time: 960 a quarter note, which every common tuplet divides.
struct Ticks {
  static constexpr std::int64_t per_quarter = 960;

  std::int64_t count = 0;

  static constexpr Ticks quarters(std::int64_t n) { return {n * per_quarter}; }

  friend constexpr auto operator<=>(Ticks, Ticks) = default;
  friend constexpr Ticks operator+(Ticks a, Ticks b) { return {a.count + b.count}; }
  friend constexpr Ticks operator-(Ticks a, Ticks b) { return {a.count - b.count}; }
  friend constexpr Ticks operator*(Ticks a, std::int64_t n) { return {a.count * n}; }
  constexpr Ticks& operator+=(Ticks b) { return count += b.count, *this; }
  constexpr Ticks& operator-=(Ticks b) { return count -= b.count, *this; }
};

}  // namespace antiphon::music
