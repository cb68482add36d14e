// SPDX-License-Identifier: Apache-2.0
#include "tokens/flat.h"

#include <string>

namespace antiphon::tokens {
namespace {

int first_class(int field) {
  int first = 0;
  for (int i = 0; i < field; ++i) first += fields[static_cast<std::size_t>(i)].size;
  return first;
}

}  // namespace

int flat_classes() { return first_class(field_count); }

std::uint16_t flat_token(int field, int value) {
  return static_cast<std::uint16_t>(input::rows + first_class(field) + value);
}

FlatPiece flatten(const Header& header, std::span<const Event> events, std::int32_t from) {
  FlatPiece piece;
  EventStream stream(header, from);
  Rows rows;
  for (std::size_t step = 0; step < stream.header_steps(); ++step) {
    stream.header_rows(step, rows);
    for (const std::uint16_t row : rows.view()) piece.steps.push_back({row, from});
  }
  piece.events_begin = piece.steps.size();
  std::int32_t now = from;
  for (const Event& event : events) {
    now += event.shift;
    const auto targets = targets_of(event);
    for (int field = 0; field < field_count; ++field) {
      const int target = targets[static_cast<std::size_t>(field)];
      if (target < 0) continue;
      piece.steps.push_back({flat_token(field, target), now});
    }
  }
  return piece;
}

Result<std::vector<Event>> unflatten(const FlatPiece& piece) {
  std::vector<Event> events;
  std::size_t at = piece.events_begin;
  const auto take = [&](int field) -> Result<int> {
    const int value =
        at < piece.steps.size() ? piece.steps[at].token - input::rows - first_class(field) : -1;
    if (value < 0 || value >= fields[static_cast<std::size_t>(field)].size) {
      return Error{Errc::invalid_input,
                   "token " + std::to_string(at) + ": expected a " +
                       std::string(fields[static_cast<std::size_t>(field)].name)};
    }
    ++at;
    return value;
  };
  while (at < piece.steps.size()) {
    Event event;
    ANTIPHON_TRY(const int shift, take(field_shift));
    ANTIPHON_TRY(const int voice, take(field_voice));
    event.shift = static_cast<std::uint8_t>(shift);
    if (voice >= voice_wait) {
      event.type = voice == voice_end ? EventType::end : EventType::wait;
      events.push_back(event);
      continue;
    }
    event.slot = static_cast<std::uint8_t>(voice / 3);
    ANTIPHON_TRY(const int pitch, take(field_pitch));
    event.pitch = static_cast<std::uint8_t>(pitch);
    // The first voice of a slot is a note or an onset: only a note goes on with a duration.
    const int class_of_next =
        at < piece.steps.size() ? piece.steps[at].token - input::rows - first_class(field_duration)
                                : -1;
    const bool has_duration = class_of_next >= 0 && class_of_next <= max_duration;
    if (voice % 3 == 1) {
      event.type = EventType::release;
    } else if (voice % 3 == 0 && !has_duration) {
      event.type = EventType::onset;
    } else {
      event.type = voice % 3 == 2 ? EventType::tie : EventType::note;
      ANTIPHON_TRY(const int duration, take(field_duration));
      event.duration = static_cast<std::uint8_t>(duration);
    }
    if (event.type == EventType::note || event.type == EventType::onset) {
      ANTIPHON_TRY(const int velocity, take(field_velocity));
      event.velocity = static_cast<std::uint8_t>(velocity);
    }
    events.push_back(event);
  }
  return events;
}

}  // namespace antiphon::tokens
