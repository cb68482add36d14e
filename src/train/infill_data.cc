// SPDX-License-Identifier: Apache-2.0
#include "train/infill_data.h"

#include <algorithm>
#include <cassert>

#include "crypto/hash.h"

namespace antiphon::train {
namespace {

using tokens::GridNote;
using tokens::VoiceGrid;
using tokens::cell::absent;
using Line = std::vector<GridNote>;

constexpr std::int32_t steps_per_frame = tokens::steps_per_frame;
constexpr std::int32_t longest_note = 96;   // Steps before a window that are looked at: two bars.
constexpr std::size_t least_onsets = 4;     // Of a line in a window.
constexpr std::uint64_t most_off_grid = 8;  // One in so many notes may be off the sixteenths.

std::size_t pick(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random.below(bound));
}

// The notes of a part that sound in [from, to).
Line notes_in(const tokens::GridPart& part, std::int32_t from, std::int32_t to) {
  Line notes;
  auto at =
      std::lower_bound(part.notes.begin(), part.notes.end(), from - longest_note,
                       [](const GridNote& note, std::int32_t step) { return note.onset < step; });
  for (; at != part.notes.end() && at->onset < to; ++at) {
    if (at->end() > from) notes.push_back(*at);
  }
  return notes;
}

// The start of a random bar, in steps.
std::int32_t draw_start(const tokens::GridScore& score, std::int32_t span, Random& random) {
  const std::int32_t last = std::max(1, score.end() - span / 2);
  const auto at = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(last)));
  return bar_at(score.meters, at).start / steps_per_frame * steps_per_frame;
}

double mean_pitch(const Line& line) {
  double sum = 0;
  for (const GridNote& note : line) sum += note.pitch;
  return sum / static_cast<double>(line.size());
}

template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[pick(random, i)]);
}

// As far as the lines stay in the grid's range.
void transpose_at_random(std::vector<Line>& lines, Random& random) {
  int low = 127, high = 0;
  for (const Line& line : lines) {
    for (const GridNote& note : line) {
      low = std::min<int>(low, note.pitch);
      high = std::max<int>(high, note.pitch);
    }
  }
  const int least = std::max(-5, std::min(0, tokens::lowest_grid_pitch - low));
  const int most = std::min(6, std::max(0, tokens::highest_grid_pitch - high));
  const int by = least + static_cast<int>(pick(random, static_cast<std::size_t>(most - least + 1)));
  for (Line& line : lines) {
    for (GridNote& note : line) note.pitch = static_cast<std::uint8_t>(note.pitch + by);
  }
}

// Which voices so many lines are, from high to low: the outer ones first.
std::vector<std::size_t> voices_of(std::size_t lines, Random& random) {
  if (lines == 1) return {0};
  if (lines == 2) return {0, 3};
  if (lines == 3) return {0, 1 + pick(random, 2), 3};
  return {0, 1, 2, 3};
}

}  // namespace

Shape with_voice_grid(Shape shape, std::uint32_t hidden) {
  shape.bidirectional = true;
  shape.context = infill_frames;
  shape.input_rows = tokens::voice_input::rows;
  shape.condition_rows = 0;
  shape.fields.clear();
  for (std::size_t voice = 0; voice < tokens::grid_voices; ++voice) {
    shape.fields.push_back({"voice-" + std::to_string(voice), tokens::cell::kinds, hidden});
  }
  shape.vocabulary = crypto::sha256_hex(as_bytes(tokens::voice_grid_json()));
  return shape;
}

Shape infill_shape() {
  Shape shape;
  shape.dim = 256;
  shape.layers = 4;
  shape.heads = 4;
  shape.kv_heads = 4;
  shape.head_dim = 64;
  shape.ff = 512;
  shape.rotary = {32, 1000.0, 0, 1000.0};
  return shape;
}

std::optional<VoiceGrid> draw_window(const Piece& piece, std::size_t frames, Random& random,
                                     bool transpose) {
  const auto span = static_cast<std::int32_t>(frames) * steps_per_frame;
  const std::int32_t start = draw_start(piece.score, span, random);
  std::vector<Line> lines;
  std::uint64_t onsets = 0, off = 0;
  for (const auto& part : piece.score.parts) {
    if (part.drums) continue;
    for (Line& line : tokens::lines_of(notes_in(part, start, start + span))) {
      std::size_t own = 0;
      for (const GridNote& note : line) {
        own += note.onset >= start;
        off += note.onset % steps_per_frame != 0;
      }
      onsets += own;
      if (own >= least_onsets) lines.push_back(std::move(line));
    }
  }
  if (lines.empty() || off * most_off_grid > onsets) return {};
  shuffle(lines, random);
  // Mostly all that fit; sometimes fewer, so that thin music is known too.
  std::size_t count = std::min(lines.size(), tokens::grid_voices);
  if (random.uniform() < 0.2) count = 1 + pick(random, count);
  lines.resize(count);
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return mean_pitch(a) > mean_pitch(b); });
  if (transpose) transpose_at_random(lines, random);
  VoiceGrid grid(frames);
  tokens::place_frames(piece.score.meters, start / steps_per_frame, grid.places);
  const auto voices = voices_of(count, random);
  for (std::size_t i = 0; i < count; ++i) {
    tokens::write_line(lines[i], start / steps_per_frame, grid, voices[i]);
  }
  return grid;
}

CellMask draw_region(const VoiceGrid& grid, Random& random) {
  const std::size_t frames = grid.frames();
  std::vector<std::size_t> voices;
  for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
    if (grid.present(v)) voices.push_back(v);
  }
  assert(!voices.empty());
  std::size_t from = 0, to = frames;
  const double kind = random.uniform();
  if (kind >= 0.3) {
    shuffle(voices, random);
    // One voice from the others, or all but one from that one.
    if (voices.size() > 1) voices.resize(1 + pick(random, voices.size()));
  }
  if (kind >= 0.6) {
    const std::size_t bar = std::max<std::size_t>(1, grid.places.front().bar);
    const std::size_t bars = std::max<std::size_t>(1, frames / bar);
    const std::size_t count = 1 + pick(random, std::min<std::size_t>(4, bars));
    from = std::min(pick(random, bars) * bar, frames - 1);
    to = std::min(frames, from + count * bar);
  }
  CellMask mask;
  for (auto& row : mask) row.assign(frames, false);
  for (const std::size_t v : voices) {
    std::fill(mask[v].begin() + static_cast<std::ptrdiff_t>(from),
              mask[v].begin() + static_cast<std::ptrdiff_t>(to), true);
  }
  return mask;
}

void append_masked(const VoiceGrid& grid, const CellMask& region, Random& random, Batch& batch) {
  std::vector<std::pair<std::size_t, std::size_t>> cells;
  for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
    for (std::size_t f = 0; f < grid.frames(); ++f) {
      if (region[v][f]) cells.emplace_back(v, f);
    }
  }
  assert(!cells.empty());
  const std::size_t count = 1 + pick(random, cells.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(cells[i], cells[i + pick(random, cells.size() - i)]);
  }
  VoiceGrid seen = grid;
  std::vector<bool> asked(grid.frames());
  for (std::size_t i = 0; i < count; ++i) {
    seen.cells[cells[i].first][cells[i].second] = tokens::cell::masked;
    asked[cells[i].second] = true;
  }
  std::vector<tokens::FrameRows> rows(grid.frames());
  tokens::frame_rows(seen, rows);
  const auto weight = static_cast<float>(cells.size()) / static_cast<float>(count);
  const auto base = static_cast<std::int32_t>(batch.time.size());
  for (std::size_t f = 0; f < grid.frames(); ++f) {
    batch.input.push(rows[f]);
    batch.time.push_back(static_cast<std::int32_t>(f));
    batch.first.push_back(0);
    if (!asked[f]) continue;
    batch.predicted_from.push_back(base + static_cast<std::int32_t>(f));
    for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
      const bool hidden = seen.cells[v][f] == tokens::cell::masked;
      batch.targets[v].push_back(hidden ? grid.cells[v][f] : -1);
      batch.weights[v].push_back(hidden ? weight : 0);
    }
  }
  batch.notes += static_cast<std::int64_t>(cells.size());
}

Batch draw_infill_batch(const Dataset& data, std::int64_t sequences, std::size_t frames,
                        Random& random, bool whole) {
  Batch batch;
  batch.sequences = sequences;
  batch.length = static_cast<std::int64_t>(frames);
  for (std::int64_t row = 0; row < sequences;) {
    const auto window = draw_window(data.draw_piece(random), frames, random);
    if (!window) continue;
    CellMask region = draw_region(*window, random);
    if (whole) {
      for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
        region[v].assign(frames, window->present(v));
      }
    }
    append_masked(*window, region, random, batch);
    ++row;
  }
  return batch;
}

bool has_windows(const Dataset& data, std::size_t frames) {
  Random random(1);
  for (int tries = 0; tries < 1000; ++tries) {
    if (draw_window(data.draw_piece(random), frames, random)) return true;
  }
  return false;
}

}  // namespace antiphon::train
