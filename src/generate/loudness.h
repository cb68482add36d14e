// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "music/meter.h"
#include "tokens/grid.h"

namespace antiphon::generate {

/// How loud an accompaniment plays: below the melody and leaning on the beat where the model says
/// nothing of loudness, and louder or softer with the player.
class Loudness {
 public:
  explicit Loudness(std::vector<tokens::GridChange<music::Meter>> meters)
      : meters_(std::move(meters)) {}

  /// A note of the player's, of MIDI velocity 1 to 127.
  void hear(int velocity) { player_ += follow * (velocity - player_); }
  /// The MIDI velocity of an AI note of a velocity class that begins at a grid step.
  std::uint8_t operator()(int velocity_class, std::int32_t onset) const;

 private:
  static constexpr double follow = 0.15;  // About the last seven notes.
  std::vector<tokens::GridChange<music::Meter>> meters_;
  double player_ = music::Note::default_velocity;
};

}  // namespace antiphon::generate
