// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drawing/canvas.h"
#include "music/score.h"

namespace antiphon::drawing {

struct PianoRollOptions {
  std::string title;  ///< Where the score has none.
  int max_rows = 24;  ///< A longer piece is drawn with more bars a row, then cut.
};

/// A score as piano rolls, row below row: keys at the left, bars and beats, chord symbols, a colour
/// a part, loudness as shade. Human parts are cool colours and AI parts warm ones; drums have a
/// lane of their own. What a bound leaves out is said in the picture. Errors: a score without
/// notes.
Result<Bytes> draw_piano_roll(const music::Score& score, Format format,
                              const PianoRollOptions& options = {});

}  // namespace antiphon::drawing
