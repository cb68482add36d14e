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

  /// What the choice of when to play and who is judged by. How a real accompanist moves can't be
  /// guessed from a melody, so being there counts as much as being there at the same moments.
  double timing() const { return (consonance + rhythm + 2 * density) / 4; }
};

/// Marks of each span that begins in a scene, as far as `played` goes.
std::vector<Marks> marks_of(const Scene& scene, const Rollout& played);

/// How well the pitch of each AI note of a life fits what is heard with it, in [0, 1]: over its
/// steps, the share that its pitch class has of the most frequent one's time in the real
/// accompaniment of that half span, counted twice, and whether it doesn't clash with the melody
/// that sounds. Not a number where nothing can be said. Shape: [events].
std::vector<double> note_marks(const Scene& scene, const Rollout& played);

/// What each span of each life is to be praised or blamed for: the marks from it on, each span's
/// counting `discount` times the one before, against the mean of the other lives in the same scene.
/// Spans that a life didn't reach are absent from it. Shapes: [lives][spans].
std::vector<std::vector<double>> advantages(const std::vector<std::vector<double>>& rewards,
                                            double discount);

}  // namespace antiphon::tuning
