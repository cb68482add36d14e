// SPDX-License-Identifier: Apache-2.0
#include "tuning/scene.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace antiphon::tuning {
namespace {

using generate::TimedEvent;
using tokens::Event;
using tokens::EventType;

constexpr int tries = 100;
constexpr std::size_t least_notes = 8;

bool of_human(const Event& event) {
  return event.type == EventType::onset || event.type == EventType::release;
}

// Of events that `encode` or a Partner made.
tokens::GridScore notes_of(const train::Excerpt& excerpt) {
  tokens::GridScore score;
  score.meters = excerpt.header.meters;
  for (const tokens::Slot& slot : excerpt.header.slots) {
    tokens::GridPart part;
    part.drums = slot.instrument == tokens::instrument_drums;
    score.parts.push_back(std::move(part));
  }
  [[maybe_unused]] const Status decoded = tokens::decode(excerpt.events, excerpt.from, score);
  assert(decoded);
  return score;
}

// Puts an event into a list whose last one was at `now`.
void append(const TimedEvent& next, std::int32_t& now, std::vector<Event>& events) {
  for (; next.at - now > tokens::max_shift; now += tokens::max_shift) {
    events.push_back({EventType::wait, static_cast<std::uint8_t>(tokens::max_shift)});
  }
  events.push_back(next.event);
  events.back().shift = static_cast<std::uint8_t>(next.at - now);
  now = next.at;
}

}  // namespace

std::optional<Scene> draw_scene(const train::Dataset& data, std::size_t max_steps, Random& random) {
  for (int i = 0; i < tries; ++i) {
    Scene scene;
    scene.real = train::draw_excerpt(data.draw_piece(random), max_steps, random);
    std::int32_t now = scene.real.from;
    std::size_t heard = 0, accompanying = 0;
    for (const Event& event : scene.real.events) {
      now += event.shift;
      heard += event.type == EventType::onset;
      accompanying += event.type == EventType::note;
      if (!of_human(event)) continue;
      scene.human.push_back({now, event});
      // A partner isn't told how loud people play.
      scene.human.back().event.velocity = 0;
    }
    if (heard < least_notes || accompanying < least_notes) continue;
    scene.notes = notes_of(scene.real);
    return scene;
  }
  return std::nullopt;
}

Rollout play(generate::EventModel& model, const Scene& scene, const generate::Sampling& sampling) {
  model.rewind(0);
  generate::Partner partner(model, scene.real.header, scene.real.from, sampling);
  Rollout rollout{{scene.real.header, scene.real.from, {}}, {}};
  std::vector<Event>& events = rollout.played.events;
  std::int32_t now = scene.real.from;
  // A wait may come before each of the events that are still to be appended.
  const std::size_t room = model.capacity() - 1 - scene.real.header.slots.size();
  for (const TimedEvent& heard : scene.human) {
    for (const TimedEvent& own : partner.play(heard.at)) append(own, now, events);
    append(heard, now, events);
    if (events.size() > room) break;
    partner.hear(heard);
  }
  if (events.size() > room) events.resize(room);
  rollout.notes = notes_of(rollout.played);
  return rollout;
}

}  // namespace antiphon::tuning
