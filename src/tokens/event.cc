// SPDX-License-Identifier: Apache-2.0
#include "tokens/event.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <string>
#include <tuple>

namespace antiphon::tokens {
namespace {

struct TimedEvent {
  std::int32_t at;
  Event event;

  // Online order. AI events (note, tie) come first; within the human ones releases do.
  auto order() const {
    const bool human = event.type == EventType::onset || event.type == EventType::release;
    return std::tuple(at, event.type == EventType::end, human, event.type != EventType::release,
                      event.slot, event.pitch);
  }
};

void add_note(const GridNote& note, std::uint8_t slot, Role role, std::vector<TimedEvent>& out) {
  if (role == Role::human) {
    out.push_back({note.onset, {EventType::onset, 0, slot, note.pitch, 0, note.velocity}});
    out.push_back({note.end(), {EventType::release, 0, slot, note.pitch, 0, 0}});
    return;
  }
  auto type = EventType::note;
  std::uint8_t velocity = note.velocity;
  for (std::int32_t at = note.onset; at < note.end(); at += max_duration) {
    const auto duration = static_cast<std::uint8_t>(std::min(note.end() - at, max_duration));
    out.push_back({at, {type, 0, slot, note.pitch, duration, velocity}});
    type = EventType::tie;
    velocity = 0;
  }
}

}  // namespace

std::vector<Event> encode(const GridScore& score, std::span<const Role> roles, std::int32_t from,
                          std::int32_t to) {
  assert(score.parts.size() <= max_slots && roles.size() == score.parts.size());
  std::vector<TimedEvent> timed;
  for (std::size_t slot = 0; slot < score.parts.size(); ++slot) {
    const auto& notes = score.parts[slot].notes;
    const auto begins_before = [](const GridNote& note, std::int32_t at) {
      return note.onset < at;
    };
    const auto first = std::lower_bound(notes.begin(), notes.end(), from, begins_before);
    const auto last = std::lower_bound(first, notes.end(), to, begins_before);
    for (auto note = first; note != last; ++note) {
      add_note(*note, static_cast<std::uint8_t>(slot), roles[slot], timed);
    }
  }
  // A crop ends where it ends: a release or tie beyond it belongs to what comes after.
  const std::int32_t end = score.end();
  if (to < end) std::erase_if(timed, [&](const TimedEvent& e) { return e.at >= to; });
  if (to >= end) timed.push_back({std::max(end, from), {EventType::end}});
  std::sort(timed.begin(), timed.end(),
            [](const TimedEvent& a, const TimedEvent& b) { return a.order() < b.order(); });

  std::vector<Event> events;
  events.reserve(timed.size());
  std::int32_t now = from;
  for (TimedEvent& next : timed) {
    for (; next.at - now > max_shift; now += max_shift) {
      events.push_back({EventType::wait, static_cast<std::uint8_t>(max_shift)});
    }
    next.event.shift = static_cast<std::uint8_t>(next.at - now);
    now = next.at;
    events.push_back(next.event);
  }
  return events;
}

std::vector<Event> encode(const GridScore& score, std::span<const Role> roles) {
  return encode(score, roles, 0, score.end());
}

Status decode(std::span<const Event> events, std::int32_t from, GridScore& score) {
  // Where in its part the note is that sounds or was tied last, by slot and pitch; -1: none.
  std::vector<std::array<std::int32_t, 128>> open(score.parts.size());
  std::vector<std::array<std::int32_t, 128>> tieable(score.parts.size());
  for (auto& slot : open) slot.fill(-1);
  for (auto& slot : tieable) slot.fill(-1);
  std::int32_t now = from;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    now += event.shift;
    if (event.type == EventType::wait || event.type == EventType::end) continue;
    const auto fail = [&](const char* what) {
      return Error{Errc::invalid_input, "event " + std::to_string(i) + ": " + what};
    };
    if (event.slot >= score.parts.size()) return fail("its slot has no part");
    if (event.pitch > 127) return fail("its pitch is not in 0 to 127");
    auto& notes = score.parts[event.slot].notes;
    const auto index = static_cast<std::int32_t>(notes.size());
    std::int32_t& open_note = open[event.slot][event.pitch];
    std::int32_t& tied_note = tieable[event.slot][event.pitch];
    switch (event.type) {
      case EventType::note:
        notes.push_back({now, event.duration, event.pitch, event.velocity});
        tied_note = index;
        break;
      case EventType::tie: {
        if (tied_note < 0) return fail("a tie without a note before it");
        GridNote& note = notes[static_cast<std::size_t>(tied_note)];
        if (note.end() != now) return fail("a tie that doesn't join the note before it");
        note.duration += event.duration;
        break;
      }
      case EventType::onset:
        if (open_note >= 0) return fail("an onset of a pitch that sounds already");
        notes.push_back({now, 1, event.pitch, event.velocity});
        open_note = index;
        break;
      case EventType::release: {
        if (open_note < 0) return fail("a release of a pitch that doesn't sound");
        GridNote& note = notes[static_cast<std::size_t>(open_note)];
        note.duration = std::max(1, now - note.onset);
        open_note = -1;
        break;
      }
      default:
        break;
    }
  }
  for (std::size_t slot = 0; slot < open.size(); ++slot) {
    for (const std::int32_t index : open[slot]) {
      if (index < 0) continue;
      GridNote& note = score.parts[slot].notes[static_cast<std::size_t>(index)];
      note.duration = std::max(1, now - note.onset);
    }
    auto& notes = score.parts[slot].notes;
    std::sort(notes.begin(), notes.end(), comes_before);
  }
  return Done{};
}

int voice_of(const Event& event) {
  switch (event.type) {
    case EventType::note:
    case EventType::onset:
      return event.slot * 3;
    case EventType::release:
      return event.slot * 3 + 1;
    case EventType::tie:
      return event.slot * 3 + 2;
    case EventType::wait:
      return voice_wait;
    case EventType::end:
      return voice_end;
  }
  return voice_wait;
}

}  // namespace antiphon::tokens
