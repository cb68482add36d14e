// SPDX-License-Identifier: Apache-2.0
#include "train/editions.h"

#include <algorithm>

namespace antiphon::train {
namespace {

constexpr std::size_t stretch = 16;
constexpr std::size_t least_shared = 8;
constexpr std::size_t least_share = 20;  // One in so many of the shorter piece's.

music::Stretches stretches_of(const Piece& piece) {
  music::Stretches stretches(stretch);
  for (const tokens::GridPart& part : piece.score.parts) stretches.add(line_of(part));
  stretches.finish();
  return stretches;
}

}  // namespace

std::vector<music::LineNote> line_of(const tokens::GridPart& part) {
  std::vector<music::LineNote> notes;
  if (part.drums) return notes;
  for (const tokens::GridNote& note : part.notes) notes.push_back({note.onset, note.pitch});
  return music::top_line(notes);
}

Editions::Editions(const std::vector<Piece>& held_out) : all_(stretch) {
  for (const Piece& piece : held_out) {
    pieces_.push_back({piece.path, stretches_of(piece)});
    for (const tokens::GridPart& part : piece.score.parts) all_.add(line_of(part));
  }
  all_.finish();
}

std::optional<Editions::Match> Editions::of(const Piece& piece) const {
  const music::Stretches stretches = stretches_of(piece);
  std::optional<Match> best;
  if (stretches.shared(all_) < least_shared) return best;
  for (const HeldOut& known : pieces_) {
    const std::size_t shared = stretches.shared(known.stretches);
    const std::size_t shorter = std::min(stretches.size(), known.stretches.size());
    if (shared < least_shared || shared * least_share < shorter) continue;
    if (!best || shared > best->shared) best = Match{known.path, shared, shorter};
  }
  return best;
}

}  // namespace antiphon::train
