// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "tokens/stream.h"
#include "train/batch.h"
#include "train/piece.h"

namespace antiphon::train {

/// A stretch of a piece as it is shown to a model once: who plays what, what the header says, and
/// where it begins.
struct Excerpt {
  tokens::Header header;
  std::int32_t from = 0;
  std::vector<tokens::Event> events;
  /// [events], true for what happens but isn't to be learned; empty: all is.
  std::vector<bool> given = {};

  std::size_t steps() const { return 1 + header.slots.size() + events.size(); }
};

/// How likely a part is to be what a listener would hum, from 0: high, alone and busy.
double melody_likeness(const tokens::GridPart& part);
/// The part most like a melody. At least one part.
std::size_t melody_of(const tokens::GridScore& score);

/// Of a part that plays several notes at once, the top line as a part of its own before the rest.
/// Changes nothing if there is no such part or no room.
void split_top_line(tokens::GridScore& score);

/// A random view of a piece, of at most `max_steps` steps: where it begins, its key (all but drums
/// go up or down together by -5 to 6 semitones), which of its parts play (at most as many as there
/// are slots) and which of them are human, and what the header leaves unsaid.
Excerpt draw_excerpt(const Piece& piece, std::size_t max_steps, Random& random);

/// The fixed view that evaluation takes of a piece from `from` on: its own key, the part most like
/// a melody human and the others AI (a piece with one part is split by `split_top_line`), the first
/// eight parts, the whole header.
tokens::GridScore evaluation_score(const Piece& piece, std::vector<tokens::Role>& roles);

/// Appends an excerpt to the row that `batch` is filling: its steps, and what each has to predict.
/// Steps past the row's length are left out.
void append(const Excerpt& excerpt, Batch& batch);

/// Fills the row up with steps that nothing is asked of.
void finish_row(Batch& batch);

}  // namespace antiphon::train
