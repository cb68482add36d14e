// SPDX-License-Identifier: Apache-2.0
#include "tokens/voice_grid.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace antiphon::tokens {
namespace {

std::uint8_t in_range(int pitch) {
  while (pitch < lowest_grid_pitch) pitch += 12;
  while (pitch > highest_grid_pitch) pitch -= 12;
  return static_cast<std::uint8_t>(pitch);
}

/// How far a note is from what a line last played; a line that is still sounding is further.
int distance(const std::vector<GridNote>& line, const GridNote& note) {
  if (line.empty()) return 12;
  return std::abs(line.back().pitch - note.pitch) + (line.back().end() > note.onset ? 24 : 0);
}

}  // namespace

void frame_rows(const VoiceGrid& grid, std::span<FrameRows> rows) {
  constexpr int unknown = 0;
  for (std::size_t voice = 0; voice < grid_voices; ++voice) {
    int sounding = grid.entering[voice];
    const int base = voice_input::voice * static_cast<int>(voice);
    for (std::size_t frame = 0; frame < grid.frames(); ++frame) {
      const Cell c = grid.cells[voice][frame];
      int row = c;
      if (c == cell::hold && sounding != unknown) {
        row = voice_input::held + sounding - lowest_grid_pitch;
      } else if (c != cell::hold) {
        sounding = cell::is_onset(c) ? cell::pitch(c) : unknown;
      }
      rows[frame][voice] = static_cast<std::uint16_t>(base + row);
    }
  }
  for (std::size_t frame = 0; frame < grid.frames(); ++frame) {
    rows[frame][grid_voices] =
        static_cast<std::uint16_t>(voice_input::place + grid.places[frame].place);
    rows[frame][grid_voices + 1] =
        static_cast<std::uint16_t>(voice_input::bar + grid.places[frame].bar);
  }
}

void place_frames(std::span<const GridChange<music::Meter>> meters, std::int32_t first,
                  std::span<FramePlace> places) {
  std::size_t change = 0;
  for (std::size_t frame = 0; frame < places.size(); ++frame) {
    const std::int32_t step = (first + static_cast<std::int32_t>(frame)) * steps_per_frame;
    while (change + 1 < meters.size() && meters[change + 1].at <= step) ++change;
    const bool known = !meters.empty() && meters[change].at <= step;
    const music::Meter meter = known ? meters[change].value : music::Meter();
    const auto bar = std::max<std::int64_t>(1, meter.bar().count / ticks_per_step);
    const std::int64_t since = step - (known ? meters[change].at : 0);
    const std::int64_t place = ((since % bar + bar) % bar) / steps_per_frame;
    places[frame].place = static_cast<std::uint8_t>(place % voice_input::places);
    places[frame].bar = static_cast<std::uint8_t>(
        std::min<std::int64_t>(bar / steps_per_frame, voice_input::places));
  }
}

std::vector<std::vector<GridNote>> lines_of(std::span<const GridNote> notes) {
  // Lines in the order top, second, third, bottom; a chord's notes take the outer ones first.
  std::array<std::vector<GridNote>, grid_voices> lines;
  for (std::size_t begin = 0; begin < notes.size();) {
    std::size_t end = begin + 1;
    while (end < notes.size() && notes[end].onset == notes[begin].onset) ++end;
    const auto chord = notes.subspan(begin, end - begin);
    begin = end;
    if (chord.size() == 1) {
      auto& top = lines.front();
      auto& bottom = lines.back();
      // A part of one note at a time is all top line.
      const bool low = !bottom.empty() && distance(bottom, chord[0]) < distance(top, chord[0]);
      (low ? bottom : top).push_back(chord[0]);
      continue;
    }
    lines.front().push_back(chord.back());
    lines.back().push_back(chord.front());
    if (chord.size() > 2) lines[1].push_back(chord[chord.size() - 2]);
    if (chord.size() > 3) lines[2].push_back(chord[1]);
  }
  std::vector<std::vector<GridNote>> used;
  for (auto& line : lines) {
    if (!line.empty()) used.push_back(std::move(line));
  }
  return used;
}

void write_line(std::span<const GridNote> line, std::int32_t first, VoiceGrid& grid,
                std::size_t voice) {
  auto& cells = grid.cells[voice];
  const auto frames = static_cast<std::int32_t>(cells.size());
  std::fill(cells.begin(), cells.end(), cell::rest);
  grid.entering[voice] = 0;
  for (const GridNote& note : line) {
    const std::int32_t onset = frame_at(note.onset) - first;
    const std::int32_t end = std::max(onset + 1, frame_at(note.end()) - first);
    if (end <= 0 || onset >= frames) continue;
    const auto pitch = in_range(note.pitch);
    if (onset >= 0) {
      cells[static_cast<std::size_t>(onset)] = cell::onset(pitch);
    } else {
      grid.entering[voice] = pitch;
    }
    const auto from = cells.begin() + std::max(onset + 1, 0);
    const auto to = cells.begin() + std::min(end, frames);
    if (from < to) std::fill(from, to, cell::hold);
    // What an earlier note held beyond this one's end.
    for (auto at = to; at != cells.end() && *at == cell::hold; ++at) *at = cell::rest;
  }
  if (!cells.empty() && cells.front() != cell::hold) grid.entering[voice] = 0;
}

const std::string& voice_grid_json() {
  static const std::string text =
      nlohmann::ordered_json{
          {"kind", "voice-grid"},
          {"version", 1},
          {"voices", grid_voices},
          {"frames_per_quarter", steps_per_quarter / steps_per_frame},
          {"pitches", {lowest_grid_pitch, highest_grid_pitch}},
          {"cells", {"rest", "hold", "onset of each pitch", "masked", "absent"}},
          {"input", {"cells of a voice, then holds of each known pitch", "place in bar", "bar"}},
          {"places", voice_input::places}}
          .dump(2) +
      "\n";
  return text;
}

}  // namespace antiphon::tokens
