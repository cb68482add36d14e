// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <vector>

#include "edge/jam.h"
#include "music/score.h"

namespace antiphon::edge {

/// Quantiles of a sample; zero without one.
struct Spread {
  double p50 = 0, p95 = 0, p99 = 0, worst = 0;
};
Spread spread_of(std::vector<double> sample);

/// How well a jam was kept in time (docs/live.md says what each figure means).
struct JamMeasures {
  std::size_t frames = 0;
  double isr_delivered = 0;  ///< Share of frames whose answer, of any tier, was there in time.
  /// Share of frames that a model answered in time: what would be left without the rule.
  double isr_model = 0;
  double isr_sounding = 0;  ///< Share of frames in which an AI note sounds.
  double isr_w = 0;         ///< Mean of (32 - age) / 32 over the frames that a model answered.
  double staleness = 0;     ///< Mean age of these, in frames.
  std::array<double, tier_count> tier_share{};
  Spread reaction_ms;      ///< Key press to the onset of the first note drawn knowing it.
  Spread reaction_frames;  ///< The same in frames at the tempo of the press.
  Spread answer_ms;        ///< Key press to the first frame whose answer knows it.
  Spread onset_error_ms;   ///< In real time only.
};

/// Of the frames and reactions of all these jams together.
JamMeasures measure(std::span<const Jam> jams);
inline JamMeasures measure(const Jam& jam) { return measure(std::span(&jam, 1)); }

/// How far a quarter of the jam's was from the nearest of the player's: nobody said how many there
/// are.
struct BeatError {
  std::int64_t quarter = 0;  ///< The player's.
  double ms = 0, quarters = 0;
};
/// Of all quarters from the first note on, where the player's tempo is known.
std::vector<BeatError> beat_errors(const Jam& jam, const live::Timeline& players);

/// The jam as it was played, a part a slot of `header`: human notes where they fell, AI notes on
/// the grid.
music::Score recording_of(const Jam& jam, const tokens::Header& header);

}  // namespace antiphon::edge
