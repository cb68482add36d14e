// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tuning/scene.h"

namespace antiphon::tuning {

/// Steps of a span, the stretch that is judged at a time: four quarters.
inline constexpr std::int32_t span_steps = 4 * tokens::steps_per_quarter;

/// How an accompaniment did in one span. All are in [0, 1] and 1 is best; a measure that says
/// nothing of the span (no melody in it, both accompaniments silent) is 1 for everyone.
struct Marks {
  double consonance = 1;  ///< Share of the melody's time with a consonant note beneath it.
  double harmony = 1;     ///< Cosine of pitch-class time against the real accompaniment's.
  double rhythm = 1;      ///< F1 of the steps with an onset against the real accompaniment's.
  double density = 1;     ///< Number of notes, the smaller by the larger of the two.

  /// The weighted mean. Harmony counts most, for consonance alone can be had by playing little and
  /// plain; how a real accompanist moves can't be guessed from a melody, so rhythm counts least.
  double total() const {
    return 0.35 * consonance + 0.35 * harmony + 0.15 * rhythm + 0.15 * density;
  }
};

/// Marks of each span that begins in a scene, as far as `played` goes.
std::vector<Marks> marks_of(const Scene& scene, const Rollout& played);

/// What each span of each life is to be praised or blamed for: the marks from it on, each span's
/// counting `discount` times the one before, against the mean of the other lives in the same scene.
/// Spans that a life didn't reach are absent from it. Shapes: [lives][spans].
std::vector<std::vector<double>> advantages(const std::vector<std::vector<double>>& rewards,
                                            double discount);

}  // namespace antiphon::tuning
