// SPDX-License-Identifier: Apache-2.0
#include "train/dataset.h"

#include <algorithm>

#include "base/file.h"
#include "train/corpora.h"
#include "train/excerpt.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;

// Past this a piece's length no longer makes it likelier: one opera is not a hundred songs.
constexpr double most_notes = 12000;
// Less room than this at the end of a row is left empty.
constexpr std::size_t least_steps = 24;

double weight_of(std::string_view corpus) {
  for (const Corpus& known : corpora()) {
    if (known.name == corpus) return known.weight;
  }
  return 1;
}

}  // namespace

void Dataset::add(Piece piece, double weight) {
  const std::size_t notes = piece.notes();
  if (notes == 0) return;
  const double chance =
      std::min(static_cast<double>(notes), most_notes) * weight * static_cast<double>(piece.weight);
  until_.push_back((until_.empty() ? 0.0 : until_.back()) + chance);
  notes_ += notes;
  pieces_.push_back(std::move(piece));
}

Result<Dataset> Dataset::read(const fs::path& folder, std::string_view split) {
  const std::string ending = "." + std::string(split) + ".shard";
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().ends_with(ending)) paths.push_back(it->path());
  }
  std::sort(paths.begin(), paths.end());
  Dataset dataset;
  for (const fs::path& path : paths) {
    ANTIPHON_TRY(const Bytes bytes, read_file(path));
    ANTIPHON_TRY(Shard shard, read_shard(bytes, path.string()));
    const double weight = weight_of(shard.corpus);
    for (Piece& piece : shard.pieces) dataset.add(std::move(piece), weight);
  }
  if (dataset.pieces_.empty()) {
    return Error{Errc::not_found, folder.string() + ": no pieces in shards *" + ending +
                                      "; `antiphon-train prepare` makes them"};
  }
  return dataset;
}

Dataset Dataset::of(std::vector<Piece> pieces) {
  Dataset dataset;
  for (Piece& piece : pieces) dataset.add(std::move(piece), 1);
  return dataset;
}

const Piece& Dataset::draw_piece(Random& random) const {
  const double at = random.uniform() * until_.back();
  const auto found = std::upper_bound(until_.begin(), until_.end(), at);
  return pieces_[std::min(static_cast<std::size_t>(found - until_.begin()), pieces_.size() - 1)];
}

Batch Dataset::draw(std::int64_t sequences, std::int64_t length, Random& random, Layout layout,
                    const Change& change) const {
  Batch batch;
  batch.sequences = sequences;
  batch.length = length;
  const auto row = static_cast<std::size_t>(length);
  const std::size_t window = window_of(layout, row);
  for (std::int64_t sequence = 1; sequence <= sequences; ++sequence) {
    const std::size_t end = static_cast<std::size_t>(sequence) * row;
    // An excerpt may turn out empty, so the tries are bounded too.
    for (std::size_t tries = 0; tries < row && batch.input.size() + least_steps < end; ++tries) {
      const std::size_t most = std::min(window, end - batch.input.size());
      Excerpt excerpt = draw_excerpt(draw_piece(random), most, random);
      if (change) excerpt = change(excerpt, random);
      if (excerpt.events.size() > 2) append(excerpt, batch, layout);
    }
    finish_row(batch);
  }
  return batch;
}

}  // namespace antiphon::train
