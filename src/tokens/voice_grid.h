// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokens/grid.h"

/// Music as up to four voices by frames: what the masked transformer sees.
namespace antiphon::tokens {

inline constexpr std::size_t grid_voices = 4;
/// A frame is a sixteenth.
inline constexpr std::int32_t steps_per_frame = 3;
inline constexpr int lowest_grid_pitch = 21, highest_grid_pitch = 108;

/// What a voice does in a frame: rests, goes on with its note, or begins one.
using Cell = std::uint8_t;
namespace cell {
inline constexpr Cell rest = 0, hold = 1, first_onset = 2;
inline constexpr Cell kinds = first_onset + highest_grid_pitch - lowest_grid_pitch + 1;
inline constexpr Cell masked = kinds;      ///< Not known.
inline constexpr Cell absent = kinds + 1;  ///< There is no such voice.
constexpr Cell onset(int pitch) {
  return static_cast<Cell>(first_onset + pitch - lowest_grid_pitch);
}
constexpr bool is_onset(Cell c) { return c >= first_onset && c < kinds; }
constexpr int pitch(Cell onset) { return onset - first_onset + lowest_grid_pitch; }
}  // namespace cell

/// Where a frame is in its bar, both in frames.
struct FramePlace {
  std::uint8_t place = 0, bar = 0;
};

/// Rows of the table that a frame's input is summed from: one for each voice's cell, which for a
/// held note whose pitch is known says the pitch, one for the place in the bar, one for its length.
namespace voice_input {
inline constexpr int pitches = highest_grid_pitch - lowest_grid_pitch + 1;
inline constexpr int held = cell::absent + 1;  ///< And a known pitch.
inline constexpr int voice = held + pitches;   ///< Rows of one voice.
inline constexpr int places = 48;
inline constexpr int place = voice * static_cast<int>(grid_voices);
inline constexpr int bar = place + places;
inline constexpr int rows = bar + places + 1;
}  // namespace voice_input
using FrameRows = std::array<std::uint16_t, grid_voices + 2>;

/// A stretch of music. Voices are sorted from high to low; those that there aren't are `absent` in
/// all frames.
struct VoiceGrid {
  std::array<std::vector<Cell>, grid_voices> cells;  ///< [frames] each.
  std::array<std::uint8_t, grid_voices>
      entering{};                  ///< The pitch that is held from before; 0: none.
  std::vector<FramePlace> places;  ///< [frames]

  explicit VoiceGrid(std::size_t frames = 0) : places(frames) {
    for (auto& voice : cells) voice.assign(frames, cell::absent);
  }
  std::size_t frames() const { return places.size(); }
  bool present(std::size_t voice) const { return cells[voice].front() != cell::absent; }
};

/// The rows of every frame, into `rows` [frames].
void frame_rows(const VoiceGrid& grid, std::span<FrameRows> rows);

/// The nearest frame to a grid step.
constexpr std::int32_t frame_at(std::int32_t step) {
  return (step + (step < 0 ? -1 : 1)) / steps_per_frame;
}

/// Where the frames from `first` on are in their bars.
void place_frames(std::span<const GridChange<music::Meter>> meters, std::int32_t first,
                  std::span<FramePlace> places);

/// One to four lines of one note at a time: the top, the bottom, and what lies between where chords
/// of three or four notes are struck. Notes are sorted as a part's are, and the lines too.
std::vector<std::vector<GridNote>> lines_of(std::span<const GridNote> notes);

/// Writes a line into a voice. `first`: the grid's first frame. Later notes cut earlier ones off;
/// pitches out of the grid's range are moved by octaves.
void write_line(std::span<const GridNote> line, std::int32_t first, VoiceGrid& grid,
                std::size_t voice);

/// What a weights file names the grid by: a text that says all of the above.
const std::string& voice_grid_json();

}  // namespace antiphon::tokens
