// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "music/tempo.h"

namespace antiphon::live {

/// Where the music is at a point of time, and how fast it goes.
struct Beat {
  double quarters = 0;  ///< From the start of the jam.
  std::chrono::nanoseconds at{};
  music::Tempo tempo;

  double quarters_at(std::chrono::nanoseconds time) const {
    return quarters + static_cast<double>((time - at).count()) * tempo.bpm() / 60e9;
  }
};

/// Hears when notes begin, and says at which step of the grid (12 a quarter) each was meant, where
/// the beat is and how fast it goes, by nothing but what came before.
///
/// A Kalman filter for each likely reading of what was heard (Cemgil and Kappen 2003, 'Monte Carlo
/// methods for tempo tracking and rhythm quantization', with their deterministic choice of the N
/// best). Its state is the time of the beat and the period, which drifts; an onset is one of the
/// steps near it, seen through the player's inaccuracy, or a slip. Notes of a chord count once.
///
/// Threads: one. Real time: touches no heap after construction.
class BeatTracker {
 public:
  /// Step 0 is at time 0. `spread`: how far players are from what they mean, at least 20 ms.
  BeatTracker(music::Tempo tempo, std::chrono::nanoseconds spread);

  /// A note begins: at which step? Times go on, but for the notes of a chord.
  std::int32_t hear(std::chrono::nanoseconds at);
  /// This is so, whatever was heard.
  void believe(const Beat& beat);
  /// The next onset is step `step`, at any tempo, a usual one or that of now rather than others.
  void listen_anew(std::int32_t step);
  /// What was called step 0 is called `steps`.
  void shift(std::int32_t steps);

  Beat beat() const;

 private:
  // One reading of what was heard. Times are in seconds, variances in their squares.
  struct Reading {
    double steps = 0;     // The place of the last onset,
    double time = 0;      // when it was meant,
    double period = 0.5;  // and the length of a quarter.
    double time_variance = 0, covariance = 0, period_variance = 0;
    double weight = 0;  // Log-probability.
  };
  static Reading moved(const Reading& reading, double steps);
  void begin(double time);
  void observe(double time);
  void keep(const Reading& reading);

  double variance_;
  double shortest_, longest_;             // Periods.
  std::vector<Reading> readings_, next_;  // The likeliest first.
  std::optional<std::int32_t> anew_;
  double last_ = -1;  // When an onset was counted last.
};

}  // namespace antiphon::live
