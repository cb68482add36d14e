// SPDX-License-Identifier: Apache-2.0
#include "generate/likelihood.h"

#include <cmath>

namespace antiphon::generate {

using tokens::EventType;

namespace {

constexpr double nats_of_impossible = 20;

}  // namespace

Likelihood likelihood_of(EventModel& model, const tokens::Header& header,
                         std::span<const TimedEvent> events, std::int32_t end) {
  Partner partner(model, header, 0, {});
  Likelihood sum;
  for (const TimedEvent& event : events) {
    if (event.at >= end) break;
    const EventType type = event.event.type;
    if (type == EventType::onset || type == EventType::release) {
      // Until here the AI parts rested, at the step itself as well.
      sum.nats += partner.weigh({}, event.at + 1).nats;
      partner.hear(event);
      continue;
    }
    ++sum.notes;
    const double nats = partner.weigh(std::span(&event, 1), event.at).nats;
    if (std::isfinite(nats)) {
      sum.nats += nats;
    } else {
      ++sum.impossible;
      sum.nats += nats_of_impossible;
      partner.hear(event);
    }
  }
  sum.nats += partner.weigh({}, end).nats;
  return sum;
}

}  // namespace antiphon::generate
