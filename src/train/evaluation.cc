// SPDX-License-Identifier: Apache-2.0
#include "train/evaluation.h"

#include <algorithm>
#include <map>

#include "crypto/hash.h"
#include "train/layout.h"

namespace antiphon::train {

std::vector<Excerpt> evaluation_excerpts(const Piece& piece, std::size_t context) {
  std::vector<tokens::Role> roles;
  const tokens::GridScore score = evaluation_score(piece, roles);
  const tokens::Header header = tokens::header_of(score, roles, piece.style);
  const std::size_t room = context - 1 - header.slots.size();
  const std::int32_t end = score.end();
  std::vector<Excerpt> excerpts;
  std::int32_t from = 0;
  while (from < end || excerpts.empty()) {
    std::int32_t to = end;
    auto events = tokens::encode(score, roles, from, to);
    if (events.size() > room) {
      // Up to the time of the first event that doesn't fit; that time's other events go with it.
      std::int32_t at = from;
      for (std::size_t i = 0; i <= room; ++i) at += events[i].shift;
      to = std::max(at, from + 1);
      events = tokens::encode(score, roles, from, to);
      if (events.size() > room) events.resize(room);
    }
    if (!events.empty()) excerpts.push_back({header, from, std::move(events)});
    if (to >= end) break;
    from = to;
  }
  return excerpts;
}

std::int64_t notes_of(const Excerpt& excerpt) {
  return std::count_if(excerpt.events.begin(), excerpt.events.end(), [](const auto& event) {
    return event.type == tokens::EventType::note || event.type == tokens::EventType::onset;
  });
}

std::vector<CorpusPieces> pieces_by_corpus(const Dataset& data, std::size_t most_notes) {
  std::map<std::string, std::vector<std::pair<std::string, const Piece*>>> sorted;
  for (const Piece& piece : data.pieces()) {
    sorted[piece.path.substr(0, piece.path.find('/'))].emplace_back(
        crypto::sha256_hex(as_bytes(piece.path)), &piece);
  }
  std::vector<CorpusPieces> all;
  for (auto& [corpus, pieces] : sorted) {
    std::sort(pieces.begin(), pieces.end());
    CorpusPieces taken{corpus, {}};
    std::size_t notes = 0;
    for (const auto& [hash, piece] : pieces) {
      if (notes >= most_notes) break;
      notes += piece->notes();
      taken.pieces.push_back(piece);
    }
    all.push_back(std::move(taken));
  }
  return all;
}

Score score(Model& model, const std::vector<Excerpt>& excerpts, std::int64_t rows_at_once) {
  Score total;
  const auto length = static_cast<std::size_t>(model.shape().context);
  const Layout layout = layout_of(model.shape());
  Batch batch;
  const auto run_batch = [&] {
    finish_row(batch);
    if (batch.input.size() == 0) return;
    batch.sequences = static_cast<std::int64_t>(batch.input.size() / length);
    total.add(score(model, batch));
    batch = {};
  };
  for (const Excerpt& excerpt : excerpts) {
    if (batch.length == 0) batch.length = static_cast<std::int64_t>(length);
    if (batch.input.size() % length + steps_of(excerpt, layout) > length) finish_row(batch);
    if (batch.input.size() >= static_cast<std::size_t>(rows_at_once) * length) {
      run_batch();
      batch.length = static_cast<std::int64_t>(length);
    }
    append(excerpt, batch, layout);
  }
  if (batch.length > 0) run_batch();
  return total;
}

}  // namespace antiphon::train
