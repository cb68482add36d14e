// SPDX-License-Identifier: Apache-2.0
#include "train/style_hearing.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>

#include "music/score.h"
#include "tokens/event.h"

namespace antiphon::train {
namespace {

constexpr std::size_t first_style = 1, last_style = tokens::style_names.size() - 2;
constexpr std::int64_t heard = 64 * music::Ticks::per_quarter;
constexpr std::size_t least_notes = 64;

// The beginning of a piece as one piano plays it; none where that is too short.
std::optional<Excerpt> on_a_piano(const Piece& piece) {
  const music::Score score = tokens::to_score(piece.score);
  music::Part piano;
  for (const music::Part& part : score.parts) {
    if (part.drums) continue;
    std::copy_if(part.notes.begin(), part.notes.end(), std::back_inserter(piano.notes),
                 [](const music::Note& note) { return note.onset.count < heard; });
  }
  std::sort(piano.notes.begin(), piano.notes.end(), [](const auto& a, const auto& b) {
    return std::pair(a.onset, a.pitch) < std::pair(b.onset, b.pitch);
  });
  music::separate_unisons(piano);
  if (piano.notes.size() < least_notes) return {};
  music::Score alone;
  alone.parts.push_back(std::move(piano));
  const tokens::GridScore grid = tokens::quantize(alone);
  Excerpt excerpt;
  excerpt.header.slots = {{tokens::Role::ai, 0}};
  excerpt.events = tokens::encode(grid, std::vector{tokens::Role::ai});
  return excerpt;
}

}  // namespace

std::vector<StyleHeard> hear_styles(const EngineModel& model, const Dataset& data) {
  std::vector<StyleHeard> styles;
  for (std::size_t i = first_style; i <= last_style; ++i) {
    styles.push_back({std::string(tokens::style_names[i])});
  }
  for (const Piece& piece : data.pieces()) {
    const auto own = static_cast<std::size_t>(piece.style);
    if (own < first_style || own > last_style) continue;
    auto excerpt = on_a_piano(piece);
    if (!excerpt) continue;
    std::vector<double> nats;
    for (std::size_t i = first_style; i <= last_style; ++i) {
      excerpt->header.style = static_cast<tokens::Style>(i);
      const Score score = train::score(model, {*excerpt});
      nats.push_back(std::accumulate(score.nats.begin(), score.nats.end(), 0.0));
    }
    const double mine = nats[own - first_style];
    const auto likelier =
        std::count_if(nats.begin(), nats.end(), [&](double other) { return other < mine; });
    StyleHeard& style = styles[own - first_style];
    style.pieces += 1;
    style.likeliest += likelier == 0;
    style.near += likelier <= 1;
  }
  return styles;
}

}  // namespace antiphon::train
