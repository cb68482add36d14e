// SPDX-License-Identifier: Apache-2.0
#include "music/difficulty.h"

#include <algorithm>
#include <array>
#include <vector>

#include "music/key_finding.h"

namespace antiphon::music {
namespace {

constexpr std::array<DifficultyLimits, limited_levels> all_limits = {
    {{.notes = 3, .stretch = 7, .in_scale = true},
     {.notes = 4, .stretch = 12, .in_scale = true},
     {.notes = 6, .stretch = 14, .in_scale = false}}};

bool keeps_to(int level, const Score& score, const Part& part) {
  const DifficultyLimits limits = limits_of(level);
  std::vector<Note> sounding;
  std::vector<int> pitches;
  for (const Note& note : part.notes) {
    const auto* meter = change_at(score.meters, note.onset);
    const Ticks since = meter != nullptr ? note.onset - meter->at : note.onset;
    const Meter in = meter != nullptr ? meter->value : Meter();
    if (!may_begin(level, {since.count % in.bar().count}, in)) return false;

    std::erase_if(sounding, [&](const Note& other) { return other.end() <= note.onset; });
    sounding.push_back(note);
    if (sounding.size() > static_cast<std::size_t>(limits.notes)) return false;
    if (part.drums) continue;
    pitches.clear();
    for (const Note& other : sounding) pitches.push_back(other.pitch);
    if (!within_reach(pitches, limits.stretch)) return false;
    const auto* key = change_at(score.keys, note.onset);
    if (limits.in_scale && key != nullptr && !in_scale(key->value, note.pitch % 12)) return false;
  }
  return true;
}

}  // namespace

DifficultyLimits limits_of(int level) { return all_limits[static_cast<std::size_t>(level - 1)]; }

bool may_begin(int level, Ticks into_bar, Meter meter) {
  const Ticks beat = meter.beat();
  const auto on = [&](int part) { return into_bar.count * part % beat.count == 0; };
  const bool compound = beat != meter.unit();
  if (level == 1) return on(1);
  if (level == 2) return on(compound ? 3 : 2);
  return compound ? on(6) : on(4) || on(3);
}

bool within_reach(std::span<const int> pitches, int stretch) {
  if (pitches.empty()) return true;
  const auto outer = std::minmax_element(pitches.begin(), pitches.end());
  const int left = *outer.first + stretch, right = *outer.second - stretch;
  return std::all_of(pitches.begin(), pitches.end(),
                     [&](int pitch) { return pitch <= left || pitch >= right; });
}

int difficulty_of(const Score& score, const Part& part) {
  int level = 1;
  while (level <= limited_levels && !keeps_to(level, score, part)) ++level;
  return level;
}

}  // namespace antiphon::music
