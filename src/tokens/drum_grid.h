// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "music/score.h"

/// Two bars of 4/4 on drums as a grid of sixteenths (Gillick et al. 2019, "Learning to Groove with
/// Inverse Sequence Transformations").
namespace antiphon::tokens {

/// The pieces of a drum kit that are told apart.
enum class Drum : std::uint8_t {
  kick,
  snare,
  closed_hat,
  open_hat,
  low_tom,
  mid_tom,
  high_tom,
  crash,
  ride
};

inline constexpr std::size_t drum_kinds = 9;
inline constexpr std::size_t drum_steps = 32;
inline constexpr std::size_t drum_steps_a_bar = 16;
inline constexpr std::size_t drum_cells = drum_kinds * drum_steps;
inline constexpr music::Ticks drum_step{music::Ticks::per_quarter / 4};
inline constexpr music::Ticks drum_span = drum_step * drum_steps;

inline constexpr std::array<std::string_view, drum_kinds> drum_names = {
    "kick", "snare", "closed hat", "open hat", "low tom", "mid tom", "high tom", "crash", "ride"};

/// The drum that a key of a General MIDI kit, or of a Roland TD-11 where that says more, stands
/// for; nothing for percussion outside of the nine.
std::optional<Drum> drum_of(std::uint8_t pitch);

/// The General MIDI key that a drum is written as.
std::uint8_t pitch_of(Drum drum);

/// How a tempo is told to a model: octaves above 110 quarters a minute, and their square.
std::array<float, 2> tempo_numbers(float quarters_a_minute);

/// What one drum does at one step.
struct DrumHit {
  std::uint8_t velocity = 0;  ///< 1 to 127; 0: nothing is struck.
  std::int16_t offset = 0;    ///< From the step, in ticks: [-120, 120), half a step each way.

  explicit operator bool() const { return velocity > 0; }
  friend bool operator==(const DrumHit&, const DrumHit&) = default;
};

/// A hit of a velocity in [0, 1], as a share of 127, and an offset in steps, brought into bounds.
DrumHit drum_hit(float velocity, float offset);

struct DrumGrid {
  std::array<std::array<DrumHit, drum_kinds>, drum_steps> steps{};

  DrumHit& at(std::size_t step, Drum drum) { return steps[step][static_cast<std::size_t>(drum)]; }
  const DrumHit& at(std::size_t step, Drum drum) const {
    return steps[step][static_cast<std::size_t>(drum)];
  }
  std::size_t hits() const;

  friend bool operator==(const DrumGrid&, const DrumGrid&) = default;
};

/// Where a note lies on a grid that begins at `start`: each step has the notes nearest to it.
/// Nothing for keys that are none of the nine and for notes outside of the two bars.
struct DrumPlace {
  std::size_t step;
  Drum drum;
  std::int16_t offset;
};
std::optional<DrumPlace> drum_place(const music::Note& note, music::Ticks start);

/// The two bars from `start` on. Of notes that meet in one cell the loudest stays.
DrumGrid drum_grid(std::span<const music::Note> notes, music::Ticks start);

/// The grid's hits as notes of half a step, sorted as in a `Part`. What would be struck before the
/// score begins is struck at its beginning.
std::vector<music::Note> notes_of(const DrumGrid& grid, music::Ticks start);

}  // namespace antiphon::tokens
