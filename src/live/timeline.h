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

  std::vector<Anchor> anchors_;
};

}  // namespace antiphon::live
