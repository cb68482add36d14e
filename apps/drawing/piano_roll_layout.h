// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "drawing/piano_roll.h"
#include "music/score.h"

namespace antiphon::drawing {

/// How a part looks: the colour of its loudest note, and who plays it.
struct PartStyle {
  Colour colour;
  bool ai = false;
  std::string label;
};

std::vector<PartStyle> styles_of(const music::Score& score);

/// Bars [first, last) of the score, in one row.
struct Row {
  std::size_t first = 0, last = 0;
  music::Ticks start, end;
};

/// Where things stand in a piano roll, in points; fixed before anything is painted.
struct RollLayout {
  std::vector<music::Bar> bars;  ///< One more than are shown where the piece is cut.
  std::vector<Row> rows;
  bool pickup = false;  ///< The first bar is an upbeat, which isn't counted.
  std::size_t bars_in_piece = 0;
  std::size_t bars_shown = 0;
  int low = 60, high = 71;     ///< The pitches of a row, both included.
  std::vector<int> drum_keys;  ///< Lines of the drum lane, from above.
  bool has_chords = false;

  double width = 1600;
  double margin = 28;
  double keyboard = 40;
  double header = 0;
  double row_top = 0;  ///< Room above the keys of a row: chords, bar numbers.
  double pitch_height = 6;
  double drum_height = 9;
  double row_gap = 26;
  double ticks_per_point = 1;

  double roll_x() const { return margin + keyboard; }
  double keys_height() const { return (high - low + 1) * pitch_height; }
  double lane_height() const;
  double row_height() const { return row_top + keys_height() + lane_height() + row_gap; }
  double row_y(std::size_t row) const { return header + static_cast<double>(row) * row_height(); }
  double height() const { return row_y(rows.size()) + margin; }
  double x_of(const Row& row, music::Ticks at) const {
    return roll_x() + static_cast<double>((at - row.start).count) / ticks_per_point;
  }
  /// Upper edge of a pitch, from the top of the row's keys.
  double y_of(int pitch) const { return (high - pitch) * pitch_height; }
};

/// `legend_lines` is the room that the legend takes in the header.
RollLayout layout_of(const music::Score& score, int max_rows, int legend_lines);

}  // namespace antiphon::drawing
