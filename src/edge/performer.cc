// SPDX-License-Identifier: Apache-2.0
#include "edge/performer.h"

#include <algorithm>

namespace antiphon::edge {
namespace {

using music::Score;
using music::Ticks;

// The start of the bar after the last note.
Ticks length_of(const Score& score) {
  const auto bars = music::bars_of(score);
  return bars.empty() ? Ticks{} : bars.back().start + bars.back().meter.bar();
}

template <class Change>
void repeat(std::vector<Change>& list, Ticks length, int times) {
  const std::size_t once = list.size();
  for (int i = 1; i < times; ++i) {
    for (std::size_t k = 0; k < once; ++k) {
      list.push_back(list[k]);
      list.back().at += length * i;
    }
  }
}

Score repeated(Score score, int times) {
  const Ticks length = length_of(score);
  repeat(score.tempos, length, times);
  repeat(score.meters, length, times);
  repeat(score.keys, length, times);
  for (music::Part& part : score.parts) {
    const std::size_t once = part.notes.size();
    for (int i = 1; i < times; ++i) {
      for (std::size_t k = 0; k < once; ++k) {
        part.notes.push_back(part.notes[k]);
        part.notes.back().onset += length * i;
      }
    }
  }
  return score;
}

}  // namespace

Result<JamSetup> perform(const Score& score, std::span<const std::size_t> human,
                         std::span<const generate::AiPart> ai, tokens::Style style, int times) {
  if (times < 1 || times > 1000) {
    return Error{Errc::invalid_input,
                 "a piece is played 1 to 1000 times, not " + std::to_string(times)};
  }
  ANTIPHON_TRY(Score played, generate::human_score(score, human, ai.size()));
  played = repeated(std::move(played), times);

  JamSetup setup{.header = generate::duet_header(tokens::quantize(played), ai, style),
                 .timeline = live::Timeline({}, played)};
  for (std::size_t slot = 0; slot < played.parts.size(); ++slot) {
    for (const music::Note& note : played.parts[slot].notes) {
      const auto part = static_cast<std::uint8_t>(slot);
      setup.performer.push_back(
          {setup.timeline.time_of(note.onset), part, note.pitch, note.velocity});
      setup.performer.push_back({setup.timeline.time_of(note.end()), part, note.pitch, 0});
    }
  }
  // Keys go up before they go down again.
  std::stable_sort(setup.performer.begin(), setup.performer.end(),
                   [](const Played& a, const Played& b) {
                     return a.at != b.at ? a.at < b.at : a.velocity == 0 && b.velocity > 0;
                   });
  setup.length = setup.timeline.time_of(length_of(played));
  setup.pace.spread = std::chrono::milliseconds(1);
  return setup;
}

Result<JamSetup> improvise(const FreeMusic& music, std::span<const generate::AiPart> ai,
                           tokens::Style style) {
  constexpr auto some_day = std::chrono::hours(24);
  if (music.bars < 0) return Error{Errc::invalid_input, "a jam has no fewer than 0 bars"};
  if (ai.empty() || ai.size() + 1 > tokens::max_slots) {
    return Error{Errc::invalid_input, std::to_string(ai.size()) + " parts for Antiphon; 1 to " +
                                          std::to_string(tokens::max_slots - 1) + " can play"};
  }
  tokens::GridScore grid{music.tempo.bpm(), {{0, music.meter}}, {}, {}};
  if (music.key) grid.keys.push_back({0, *music.key});
  grid.parts.push_back({"Player", static_cast<std::uint8_t>(music.instrument), false, {}});

  JamSetup setup{.header = generate::duet_header(grid, ai, style),
                 .timeline = live::Timeline({}, music.tempo),
                 .length = some_day};
  setup.pace.waits = true;
  if (music.bars > 0) {
    setup.last_step = static_cast<std::int32_t>(std::min<std::int64_t>(
        music.meter.bar().count * music.bars / tokens::ticks_per_step, setup.last_step));
  }
  return setup;
}

}  // namespace antiphon::edge
