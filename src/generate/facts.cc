// SPDX-License-Identifier: Apache-2.0
#include "generate/facts.h"

#include <algorithm>
#include <tuple>

namespace antiphon::generate {

using tokens::EventType;

namespace {

constexpr std::int32_t unsettled = 2 * tokens::steps_per_quarter;

// The order of `tokens::encode`.
auto online_order(const TimedEvent& event) {
  const bool human = event.event.type == EventType::onset || event.event.type == EventType::release;
  return std::tuple(event.at, human, event.event.type != EventType::release, event.event.slot,
                    event.event.pitch);
}

}  // namespace

void Facts::add(TimedEvent event) {
  heard_ += event.event.type == EventType::onset;
  event.at = std::max(event.at, settled_);
  const auto place = std::upper_bound(
      events_.begin(), events_.end(), event,
      [](const auto& a, const auto& b) { return online_order(a) < online_order(b); });
  events_.insert(place, event);
}

std::span<const TimedEvent> Facts::before(std::int32_t from) const {
  // A human note at `from` may be known already, if the player was early; AI notes of that step
  // come before it.
  const auto later = std::find_if(events_.begin(), events_.end(),
                                  [&](const TimedEvent& event) { return event.at >= from; });
  return {events_.begin(), later};
}

void Facts::recall(std::initializer_list<Partner*> partners, std::int32_t from) {
  const auto past = before(from);
  for (Partner* const partner : partners) partner->rewrite(past, from);
  const auto later = std::span(events_).subspan(past.size());
  heard_before_ =
      heard_ - static_cast<std::uint32_t>(std::ranges::count_if(
                   later, [](const auto& event) { return event.event.type == EventType::onset; }));
  settled_ = std::max(settled_, from - unsettled);
  for (Partner* const partner : partners) partner->settle(settled_);
  std::erase_if(events_, [&](const TimedEvent& event) { return event.at < settled_; });
}

}  // namespace antiphon::generate
