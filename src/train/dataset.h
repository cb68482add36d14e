// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "train/batch.h"
#include "train/excerpt.h"
#include "train/layout.h"
#include "train/piece.h"

namespace antiphon::train {

/// What is done to an excerpt before it is learned from.
using Change = std::function<Excerpt(const Excerpt&, Random&)>;

/// The pieces of one split of all corpora, and how often each is drawn: by its notes, its own
/// weight and its corpus's.
class Dataset {
 public:
  /// Reads `*.SPLIT.shard` of a folder.
  /// Errors: no such shards, or one that can't be read.
  static Result<Dataset> read(const std::filesystem::path& folder, std::string_view split);
  static Dataset of(std::vector<Piece> pieces);

  const std::vector<Piece>& pieces() const { return pieces_; }
  std::size_t notes() const { return notes_; }

  const Piece& draw_piece(Random& random) const;
  /// Rows filled with random excerpts, each as `change` makes it if there is one.
  Batch draw(std::int64_t sequences, std::int64_t length, Random& random,
             Layout layout = Layout::compound, const Change& change = {}) const;

 private:
  void add(Piece piece, double weight);

  std::vector<Piece> pieces_;
  std::vector<double> until_;  ///< Running sums of the pieces' chances.
  std::size_t notes_ = 0;
};

}  // namespace antiphon::train
