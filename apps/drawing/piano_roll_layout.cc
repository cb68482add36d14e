// SPDX-License-Identifier: Apache-2.0
#include "drawing/piano_roll_layout.h"

#include <algorithm>
#include <array>
#include <set>

#include "music/instruments.h"
#include "music/quality.h"

namespace antiphon::drawing {
namespace {

using music::Bar;
using music::Note;
using music::Part;
using music::Score;
using music::Ticks;

// Cool for people, warm for models; neighbours differ in lightness too, for eyes that see few hues.
constexpr std::array<Colour, 6> human_colours = {Colour::rgb(0x1f5fae), Colour::rgb(0x2e9e5b),
                                                 Colour::rgb(0x7b4fc4), Colour::rgb(0x0f8b8d),
                                                 Colour::rgb(0x4a90d9), Colour::rgb(0x4c6472)};
constexpr std::array<Colour, 5> ai_colours = {Colour::rgb(0xe2711d), Colour::rgb(0xc1292e),
                                              Colour::rgb(0xd69e00), Colour::rgb(0xb0357f),
                                              Colour::rgb(0x8c4a1c)};

constexpr Ticks comfortable_row = Ticks::quarters(32);
constexpr std::size_t most_bars_a_row = 32;

/// Bars a row: a power of two near eight bars of 4/4, and more where the rows would be too many.
std::size_t bars_a_row(const std::vector<Bar>& bars, std::size_t max_rows) {
  std::int64_t ticks = 0;
  for (const Bar& bar : bars) ticks += bar.meter.bar().count;
  const std::int64_t mean = ticks / static_cast<std::int64_t>(bars.size());
  std::size_t count = 1;
  while (count < 16 && static_cast<std::int64_t>(count) * 3 / 2 * mean < comfortable_row.count) {
    count *= 2;
  }
  while (count < most_bars_a_row && (bars.size() + count - 1) / count > max_rows) count *= 2;
  return count;
}

/// Readers have an upbeat as a bar of a shorter meter.
bool starts_with_upbeat(const std::vector<Bar>& bars) {
  return bars.size() > 1 && bars[1].start - bars[0].start < bars[1].meter.bar();
}

void find_pitches(const Score& score, RollLayout& layout) {
  int low = 127, high = 0;
  std::set<int, std::greater<>> drums;
  for (const Part& part : score.parts) {
    for (const Note& note : part.notes) {
      if (part.drums) {
        drums.insert(note.pitch);
      } else {
        low = std::min<int>(low, note.pitch);
        high = std::max<int>(high, note.pitch);
      }
    }
  }
  layout.drum_keys.assign(drums.begin(), drums.end());
  if (low > high) {
    layout.low = 60, layout.high = 59;  // Drums alone: no keys.
    return;
  }
  // At least an octave and a half, so that one held note isn't a wall.
  const int missing = std::max(0, 17 - (high - low));
  layout.low = std::max(0, low - 1 - missing / 2);
  layout.high = std::min(127, high + 1 + missing / 2);
  layout.pitch_height = std::clamp(300.0 / (layout.high - layout.low + 1), 4.0, 8.0);
}

}  // namespace

std::vector<PartStyle> styles_of(const Score& score) {
  std::vector<PartStyle> styles;
  std::size_t humans = 0, ais = 0;
  for (const Part& part : score.parts) {
    PartStyle style;
    style.ai = music::is_ai_part(part);
    style.colour = style.ai ? ai_colours[ais++ % ai_colours.size()]
                            : human_colours[humans++ % human_colours.size()];
    style.label = part.name;
    if (style.ai) {
      style.label.erase(0, music::ai_part_prefix.size());
      style.label.erase(0, style.label.find_first_not_of(' '));
    }
    if (style.label.empty()) {
      style.label = part.drums ? "Drums" : std::string(music::program_name(part.program & 127));
    }
    styles.push_back(std::move(style));
  }
  return styles;
}

double RollLayout::lane_height() const {
  if (drum_keys.empty()) return 0;
  return static_cast<double>(drum_keys.size()) * drum_height + 6;
}

RollLayout layout_of(const Score& score, int max_rows, int legend_lines) {
  RollLayout layout;
  layout.bars = music::bars_of(score);
  layout.bars_in_piece = layout.bars.size();
  const auto rows = static_cast<std::size_t>(std::max(1, max_rows));
  const std::size_t count = bars_a_row(layout.bars, rows);
  layout.bars_shown = std::min(layout.bars.size(), rows * count);

  const auto start_of = [&](std::size_t bar) {
    if (bar < layout.bars.size()) return layout.bars[bar].start;
    return layout.bars.back().start + layout.bars.back().meter.bar();
  };
  layout.pickup = starts_with_upbeat(layout.bars);
  Ticks longest{1};
  for (std::size_t first = 0, last = 0; first < layout.bars_shown; first = last) {
    const std::size_t upbeat = layout.pickup && first == 0 ? 1 : 0;
    last = std::min(first + count + upbeat, layout.bars_shown);
    layout.rows.push_back({first, last, start_of(first), start_of(last)});
    longest = std::max(longest, layout.rows.back().end - layout.rows.back().start);
  }
  find_pitches(score, layout);
  layout.has_chords = !score.chords.empty();
  layout.header = 92 + 20.0 * legend_lines;
  layout.row_top = layout.has_chords ? 34 : 18;
  const double roll_width = layout.width - layout.roll_x() - layout.margin;
  layout.ticks_per_point = static_cast<double>(longest.count) / roll_width;
  return layout;
}

}  // namespace antiphon::drawing
