// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "train/dataset.h"
#include "train/excerpt.h"
#include "train/trainer.h"

namespace antiphon::train {

/// What models are compared on: pieces as `evaluation_score` shows them, cut into stretches that
/// fit a model's context, so that every note is in exactly one. A stretch begins with the whole
/// header, and nothing of what came before it.
std::vector<Excerpt> evaluation_excerpts(const Piece& piece, std::size_t context);

/// Events that begin a note.
std::int64_t notes_of(const Excerpt& excerpt);

/// The pieces of a split by corpus, in an order that depends on the paths alone, up to about
/// `most_notes` notes each.
struct CorpusPieces {
  std::string corpus;
  std::vector<const Piece*> pieces;
};
std::vector<CorpusPieces> pieces_by_corpus(const Dataset& data, std::size_t most_notes);

/// A model's score on excerpts.
Score score(Model& model, const std::vector<Excerpt>& excerpts, std::int64_t rows_at_once);

}  // namespace antiphon::train
