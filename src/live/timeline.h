// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "music/score.h"

namespace antiphon::live {

/// When each tick of a jam sounds: the one place where score time and host time meet.
///
/// Threads: one writes; readers have copies.
class Timeline {
 public:
  /// Tick 0 sounds at `start`.
  Timeline(std::chrono::nanoseconds start, music::Tempo tempo);
  /// With the score's tempo map.
  Timeline(std::chrono::nanoseconds start, const music::Score& score);

  /// `tempo` holds from tick `at` on; what was said of later ticks is forgotten.
  void set_tempo(music::Ticks at, music::Tempo tempo);
  /// The same, and `at` sounds at `time` if that is later than it would have: until then the music
  /// stands still.
  void set_tempo(music::Ticks at, std::chrono::nanoseconds time, music::Tempo tempo);
  /// The music stands still at tick `at` until its time is set.
  void hold(music::Ticks at);

  std::chrono::nanoseconds time_of(music::Ticks at) const;
  /// Ticks at a host time, with their fraction; negative before the start.
  double ticks_at(std::chrono::nanoseconds time) const;
  music::Tempo tempo_at(music::Ticks at) const;
  std::vector<music::Change<music::Tempo>> tempos() const;

 private:
  struct Anchor {
    music::Ticks at;
    std::chrono::nanoseconds time;
    music::Tempo tempo;
  };
  const Anchor& anchor_of(music::Ticks at) const;

  std::vector<Anchor> anchors_;  // Sorted by tick and by time; the first is of tick 0.
};

}  // namespace antiphon::live
