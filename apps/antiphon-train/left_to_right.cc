// SPDX-License-Identifier: Apache-2.0
#include "left_to_right.h"

#include <vector>

#include "generate/partner.h"
#include "tokens/event.h"

namespace antiphon::apps {
namespace {

namespace cell = tokens::cell;
using tokens::GridNote;
using tokens::VoiceGrid;

std::int32_t step_of(std::size_t frame) {
  return static_cast<std::int32_t>(frame) * tokens::steps_per_frame;
}

// The meter whose bar has so many sixteenths.
music::Meter meter_of(int frames) {
  const auto meter =
      frames % 4 == 0 ? music::Meter::of(frames / 4, 4) : music::Meter::of(frames, 16);
  return meter ? *meter : music::Meter();
}

// A voice's notes that begin before frame `end`.
std::vector<GridNote> notes_of(const std::vector<tokens::Cell>& cells, std::size_t end) {
  std::vector<GridNote> notes;
  bool sounds = false;
  for (std::size_t frame = 0; frame < end; ++frame) {
    if (cell::is_onset(cells[frame])) {
      notes.push_back({step_of(frame), tokens::steps_per_frame,
                       static_cast<std::uint8_t>(cell::pitch(cells[frame]))});
      sounds = true;
    } else if (cells[frame] == cell::hold && sounds) {
      notes.back().duration += tokens::steps_per_frame;
    } else {
      sounds = false;
    }
  }
  return notes;
}

void play(std::span<const generate::TimedEvent> events, std::vector<GridNote>& notes,
          std::uint8_t slot) {
  for (const auto& [at, event] : events) {
    if (event.slot != slot) continue;
    if (event.type == tokens::EventType::note) {
      notes.push_back({at, event.duration, event.pitch});
    } else if (event.type == tokens::EventType::tie && !notes.empty() &&
               notes.back().pitch == event.pitch) {
      notes.back().duration += event.duration;
    }
  }
}

}  // namespace

VoiceGrid left_to_right(generate::EventModel& model, const VoiceGrid& window, std::size_t first,
                        std::size_t last, double temperature, std::uint64_t seed) {
  tokens::GridScore score;
  score.meters = {{0, meter_of(window.places.front().bar)}};
  std::vector<std::size_t> voices;
  for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
    if (!window.present(v)) continue;
    voices.push_back(v);
    score.parts.push_back({.name = {}, .notes = notes_of(window.cells[v], first)});
  }
  const std::vector<tokens::Role> roles(voices.size(), tokens::Role::ai);
  generate::Partner partner(model, tokens::header_of(score, roles, tokens::Style::unknown), 0,
                            {.temperature = temperature, .top_p = 1.0, .seed = seed});
  std::vector<generate::TimedEvent> past;
  std::int32_t now = 0;
  for (const tokens::Event& event : tokens::encode(score, roles)) {
    now += event.shift;
    if (event.type == tokens::EventType::note || event.type == tokens::EventType::tie) {
      past.push_back({now, event});
    }
  }
  partner.rewrite(past, step_of(first));
  partner.set_last_end(step_of(last));
  const auto events = partner.play(step_of(last) - 1);

  VoiceGrid made = window;
  for (std::size_t i = 0; i < voices.size(); ++i) {
    std::vector<GridNote>& notes = score.parts[i].notes;
    play(events, notes, static_cast<std::uint8_t>(i));
    tokens::write_line(notes, 0, made, voices[i]);
  }
  return made;
}

}  // namespace antiphon::apps
