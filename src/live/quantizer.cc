// SPDX-License-Identifier: Apache-2.0
#include "live/quantizer.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace antiphon::live {
namespace {

constexpr double ticks_per_step =
    static_cast<double>(music::Ticks::per_quarter) / steps_per_quarter;

constexpr std::array<double, steps_per_quarter> weights = {0.42, 0.01, 0.01, 0.12, 0.04, 0.01,
                                                           0.25, 0.01, 0.04, 0.12, 0.01, 0.01};

}  // namespace

double log_step_prior(std::int32_t step) {
  const int phase = (step % steps_per_quarter + steps_per_quarter) % steps_per_quarter;
  return std::log(weights[static_cast<std::size_t>(phase)]);
}

std::int32_t Quantizer::step_of(double ticks, music::Tempo tempo) const {
  const double position = ticks / ticks_per_step;
  const double step_ns =
      static_cast<double>(tempo.duration({music::Ticks::per_quarter}).count()) / steps_per_quarter;
  const double spread = std::max(static_cast<double>(spread_.count()), 1.0) / step_ns;
  const auto nearest = static_cast<std::int32_t>(std::llround(position));
  std::int32_t best = nearest;
  double best_score = -1e300;
  for (std::int32_t step = nearest - 2; step <= nearest + 2; ++step) {
    const double miss = (position - step) / spread;
    const double score = log_step_prior(step) - miss * miss / 2;
    if (score > best_score) best_score = score, best = step;
  }
  return std::max(best, 0);
}

}  // namespace antiphon::live
