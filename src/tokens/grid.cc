// SPDX-License-Identifier: Apache-2.0
#include "tokens/grid.h"

#include <algorithm>
#include <cmath>

namespace antiphon::tokens {
namespace {

std::int32_t to_step(music::Ticks at, double scale) {
  return static_cast<std::int32_t>(
      std::lround(static_cast<double>(at.count) * scale / static_cast<double>(ticks_per_step)));
}

std::int32_t steps(music::Ticks span) {
  return static_cast<std::int32_t>(std::max<std::int64_t>(1, span.count / ticks_per_step));
}

music::Meter scaled(music::Meter meter, double scale) {
  const auto scaled_meter = music::Meter::of(
      meter.numerator(), static_cast<int>(std::lround(meter.denominator() / scale)));
  return scaled_meter ? *scaled_meter : meter;
}

}  // namespace

int velocity_class(std::uint8_t velocity) { return 1 + std::min<int>(velocity, 127) / 8; }

std::uint8_t velocity_of_class(int velocity_class) {
  if (velocity_class <= 0) return music::Note::default_velocity;
  return static_cast<std::uint8_t>(std::min(velocity_class - 1, 15) * 8 + 4);
}

GridBar bar_at(std::span<const GridChange<music::Meter>> meters, std::int32_t step) {
  const auto* change = change_at(meters, step);
  const std::int32_t since = change != nullptr ? change->at : 0;
  const music::Meter meter = change != nullptr ? change->value : music::Meter();
  const std::int32_t length = steps(meter.bar());
  const std::int32_t into = std::max(0, step - since) % length;
  return {step - into, length, steps(meter.beat()), meter};
}

std::int32_t GridScore::end() const {
  std::int32_t end = 0;
  for (const GridPart& part : parts) {
    for (const GridNote& note : part.notes) end = std::max(end, note.end());
  }
  return end;
}

GridScore quantize(const music::Score& score, double scale) {
  GridScore grid;
  if (!score.tempos.empty()) grid.bpm = score.tempos.front().value.bpm() * scale;
  for (const auto& change : score.meters) {
    grid.meters.push_back({to_step(change.at, scale), scaled(change.value, scale)});
  }
  for (const auto& change : score.keys)
    grid.keys.push_back({to_step(change.at, scale), change.value});
  for (const music::Part& part : score.parts) {
    // The rounded times go through a Part once more, because rounding can make unisons overlap.
    music::Part rounded;
    for (const music::Note& note : part.notes) {
      const std::int32_t onset = to_step(note.onset, scale);
      const std::int32_t end = std::max(onset + 1, to_step(note.end(), scale));
      rounded.notes.push_back(
          {music::Ticks{onset}, music::Ticks{end - onset}, note.pitch, note.velocity});
    }
    std::sort(rounded.notes.begin(), rounded.notes.end(), [](const auto& a, const auto& b) {
      return std::pair(a.onset, a.pitch) < std::pair(b.onset, b.pitch);
    });
    music::separate_unisons(rounded);
    GridPart grid_part{part.name, part.program, part.drums, {}};
    for (const music::Note& note : rounded.notes) {
      const int velocity = part.velocities_known ? velocity_class(note.velocity) : 0;
      grid_part.notes.push_back({static_cast<std::int32_t>(note.onset.count),
                                 static_cast<std::int32_t>(note.duration.count), note.pitch,
                                 static_cast<std::uint8_t>(velocity)});
    }
    grid.parts.push_back(std::move(grid_part));
  }
  return grid;
}

music::Score to_score(const GridScore& grid) {
  const auto to_ticks = [](std::int32_t step) { return music::Ticks{step * ticks_per_step}; };
  music::Score score;
  if (grid.bpm) {
    if (const auto tempo = music::Tempo::of(*grid.bpm))
      score.tempos.push_back({music::Ticks{}, *tempo});
  }
  for (const auto& change : grid.meters)
    score.meters.push_back({to_ticks(change.at), change.value});
  for (const auto& change : grid.keys) score.keys.push_back({to_ticks(change.at), change.value});
  for (const GridPart& part : grid.parts) {
    music::Part out;
    out.name = part.name;
    out.program = part.program;
    out.drums = part.drums;
    for (const GridNote& note : part.notes) {
      out.velocities_known |= note.velocity > 0;
      out.notes.push_back({to_ticks(note.onset), to_ticks(note.duration), note.pitch,
                           velocity_of_class(note.velocity)});
    }
    score.parts.push_back(std::move(out));
  }
  return score;
}

}  // namespace antiphon::tokens
