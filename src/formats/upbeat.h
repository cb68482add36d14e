// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "music/meter.h"

namespace antiphon::formats {

/// The meter of an upbeat that lasts `length` units, of which a quarter has `quarter`: the largest
/// note values that make it up. Nothing if no meter is so long.
inline std::optional<music::Meter> upbeat_meter(std::int64_t length, std::int64_t quarter) {
  constexpr std::int64_t too_many = 256;
  int denominator = 4;
  while (denominator < 64 && length * denominator % (4 * quarter) != 0) denominator *= 2;
  const auto numerator = std::min(length * denominator / (4 * quarter), too_many);
  const auto meter = music::Meter::of(static_cast<int>(numerator), denominator);
  return meter ? std::optional(*meter) : std::nullopt;
}

}  // namespace antiphon::formats
