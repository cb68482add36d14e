// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "generate/guide.h"
#include "generate/partner.h"

namespace antiphon::generate {

/// Where a chord may change between `from` and `until`, both included: at half bars where these
/// are of two quarters, else at bars.
std::vector<std::int32_t> chord_changes(const tokens::Header& header, std::int32_t from,
                                        std::int32_t until);

/// How long each pitch class sounds, in steps.
using PitchClassTimes = std::array<double, 12>;

/// Adds what sounds between each two `changes` to `times`, drums left out. `events` is in online
/// order.
void add_sounding(std::span<const TimedEvent> events, const tokens::Header& header,
                  std::span<const std::int32_t> changes, std::span<PitchClassTimes> times);

/// The triad or seventh chord that most of it is of; none if no chord has three quarters of it.
music::PitchClassSet chord_of(const PitchClassTimes& times);

/// Chords that somebody foretold, for as long as the player bears them out.
///
/// What a player begins on a quarter tells: a chord that holds less than half of it is given up,
/// and after two of these in a row all that comes.
class ForetoldHarmony {
 public:
  /// Comes after what was foretold before, or takes its place if that is not over then.
  void foretell(const ChartChord& chord);
  /// A human note begins.
  void hear(std::int32_t at, int pitch);
  /// The chords that still hold.
  Chart chart() const;

 private:
  struct Note {
    std::int32_t at;
    int pitch;
  };
  Chart chords_;
  std::deque<Note> heard_;  // On quarters, the last few.
};

}  // namespace antiphon::generate
