// SPDX-License-Identifier: Apache-2.0
#include "tokens/drum_grid.h"

#include <algorithm>
#include <cmath>

namespace antiphon::tokens {

using music::Note;
using music::Ticks;

std::optional<Drum> drum_of(std::uint8_t pitch) {
  switch (pitch) {
    case 35:
    case 36:
      return Drum::kick;
    case 37:  // Side stick.
    case 38:
    case 39:  // Clap.
    case 40:
      return Drum::snare;
    case 22:  // The edge of the closed hat.
    case 42:
    case 44:  // By the pedal.
      return Drum::closed_hat;
    case 26:  // The edge of the open hat.
    case 46:
      return Drum::open_hat;
    case 41:
    case 43:
    case 58:  // The rim of the low tom.
      return Drum::low_tom;
    case 45:
    case 47:
      return Drum::mid_tom;
    case 48:
    case 50:
      return Drum::high_tom;
    case 49:
    case 52:
    case 55:
    case 57:
      return Drum::crash;
    case 51:
    case 53:
    case 59:
      return Drum::ride;
    default:
      return std::nullopt;
  }
}

std::uint8_t pitch_of(Drum drum) {
  static constexpr std::array<std::uint8_t, drum_kinds> keys = {36, 38, 42, 46, 43, 47, 50, 49, 51};
  return keys[static_cast<std::size_t>(drum)];
}

std::array<float, 2> tempo_numbers(float quarters_a_minute) {
  const float octaves = std::log2(quarters_a_minute / 110.0F);
  return {octaves, octaves * octaves};
}

DrumHit drum_hit(float velocity, float offset) {
  const auto step = static_cast<float>(drum_step.count);
  return {
      static_cast<std::uint8_t>(std::clamp(std::round(velocity * 127), 1.0F, 127.0F)),
      static_cast<std::int16_t>(std::clamp(std::round(offset * step), -step / 2, step / 2 - 1))};
}

std::size_t DrumGrid::hits() const {
  std::size_t count = 0;
  for (const auto& step : steps) {
    count += static_cast<std::size_t>(
        std::count_if(step.begin(), step.end(), [](const DrumHit& hit) { return bool(hit); }));
  }
  return count;
}

std::optional<DrumPlace> drum_place(const Note& note, Ticks start) {
  const auto drum = drum_of(note.pitch);
  const std::int64_t from = (note.onset - start).count + drum_step.count / 2;
  if (!drum || from < 0 || from >= drum_span.count) return std::nullopt;
  return DrumPlace{static_cast<std::size_t>(from / drum_step.count), *drum,
                   static_cast<std::int16_t>(from % drum_step.count - drum_step.count / 2)};
}

DrumGrid drum_grid(std::span<const Note> notes, Ticks start) {
  DrumGrid grid;
  for (const Note& note : notes) {
    const auto place = drum_place(note, start);
    if (!place) continue;
    DrumHit& hit = grid.at(place->step, place->drum);
    if (note.velocity > hit.velocity) hit = {note.velocity, place->offset};
  }
  return grid;
}

std::vector<Note> notes_of(const DrumGrid& grid, Ticks start) {
  std::vector<Note> notes;
  for (std::size_t step = 0; step < drum_steps; ++step) {
    for (std::size_t drum = 0; drum < drum_kinds; ++drum) {
      const DrumHit& hit = grid.steps[step][drum];
      if (!hit) continue;
      const Ticks at = start + drum_step * static_cast<std::int64_t>(step) + Ticks{hit.offset};
      notes.push_back({std::max(at, Ticks{0}), Ticks{drum_step.count / 2},
                       pitch_of(static_cast<Drum>(drum)), hit.velocity});
    }
  }
  std::sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) {
    return std::pair(a.onset, a.pitch) < std::pair(b.onset, b.pitch);
  });
  return notes;
}

}  // namespace antiphon::tokens
