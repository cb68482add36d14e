// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "generate/partner.h"

namespace antiphon::generate {

/// How likely a model holds what AI parts played, whoever they were.
struct Likelihood {
  double nats = 0;  ///< Negative logarithm, of notes and rests together.
  std::size_t notes = 0;
  /// Of these, the ones that the model could not have played there, counted as 20 nats each.
  std::size_t impossible = 0;

  Likelihood& operator+=(const Likelihood& other) {
    nats += other.nats;
    notes += other.notes;
    impossible += other.impossible;
    return *this;
  }
  double per_note() const { return notes > 0 ? nats / static_cast<double>(notes) : 0; }
};

/// Of the AI parts' notes in `events`, each given all that was before it; human events aren't
/// counted. `events` is in online order, from step 0 until before `end`. Loudness isn't looked at.
Likelihood likelihood_of(EventModel& model, const tokens::Header& header,
                         std::span<const TimedEvent> events, std::int32_t end);

}  // namespace antiphon::generate
