// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "music/tempo.h"

namespace antiphon::live {

inline constexpr int steps_per_quarter = 12;

/// How often onsets fall on a step of the grid, as a logarithm: roughly as in scores of songs and
/// dances.
double log_step_prior(std::int32_t step);

/// Finds the grid step (12 a quarter) that a player meant.
///
/// The likeliest step, if players miss by `spread` (one standard deviation) and mean beats more
/// often than sixteenths, and those more often than anything between (a maximum a posteriori
/// estimate, as in Cemgil, Desain and Kappen 2000, with fixed weights).
class Quantizer {
 public:
  /// 12 ms suits people; files are exact.
  explicit Quantizer(std::chrono::nanoseconds spread) : spread_(spread) {}

  /// `ticks` from the start of the jam, with their fraction; never before step 0.
  std::int32_t step_of(double ticks, music::Tempo tempo) const;

 private:
  std::chrono::nanoseconds spread_;
};

}  // namespace antiphon::live
