// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "music/score.h"

namespace antiphon::tokens {

/// The models' time: 12 steps a quarter, so a sixteenth is 3 and a triplet eighth 4.
inline constexpr int steps_per_quarter = 12;
inline constexpr std::int64_t ticks_per_step = music::Ticks::per_quarter / steps_per_quarter;

/// Velocity in 16 classes of 8, counted from 1; 0 where the source says nothing of loudness.
inline constexpr int velocity_classes = 17;
int velocity_class(std::uint8_t velocity);
/// The middle of a class; `Note::default_velocity` for class 0.
std::uint8_t velocity_of_class(int velocity_class);

/// A note on the grid. `onset` and `duration` are steps, the duration at least 1.
struct GridNote {
  std::int32_t onset = 0;
  std::int32_t duration = 1;
  std::uint8_t pitch = 60;
  std::uint8_t velocity = 0;  ///< A velocity class.

  std::int32_t end() const { return onset + duration; }
  friend bool operator==(const GridNote&, const GridNote&) = default;
};

/// The order of a part's notes: by onset, then pitch.
inline bool comes_before(const GridNote& a, const GridNote& b) {
  return a.onset != b.onset ? a.onset < b.onset : a.pitch < b.pitch;
}

/// A part on the grid: sorted by onset, then pitch, and no two notes of one pitch overlap.
struct GridPart {
  std::string name;
  std::uint8_t program = 0;
  bool drums = false;
  std::vector<GridNote> notes;

  friend bool operator==(const GridPart&, const GridPart&) = default;
};

template <class T>
struct GridChange {
  std::int32_t at;
  T value;
  friend bool operator==(const GridChange&, const GridChange&) = default;
};

/// The bar that holds a grid step: where it starts, how long it is and how long its beats are, in
/// steps. Without meters bars are 4/4; a step before 0 is in bar 0.
struct GridBar {
  std::int32_t start = 0, length = 0, beat = 0;
  music::Meter meter;
};
GridBar bar_at(std::span<const GridChange<music::Meter>> meters, std::int32_t step);

/// A score as the models see it.
struct GridScore {
  std::optional<double> bpm;  ///< Quarters a minute at the start, if the source says.
  std::vector<GridChange<music::Meter>> meters;
  std::vector<GridChange<music::Key>> keys;
  std::vector<GridPart> parts;

  /// The end of the last note in steps; 0 without notes.
  std::int32_t end() const;
  friend bool operator==(const GridScore&, const GridScore&) = default;
};

/// Rounds onsets and ends to the grid, keeping at least one step a note. `scale` multiplies all
/// times and note values first: 0.5 reads a piece in breves as one in semibreves, meters included.
GridScore quantize(const music::Score& score, double scale = 1.0);

/// The score that `grid` stands for, exactly.
music::Score to_score(const GridScore& grid);

}  // namespace antiphon::tokens
