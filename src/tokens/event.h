// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <span>
#include <vector>

#include "base/result.h"
#include "tokens/grid.h"
#include "tokens/vocabulary.h"

namespace antiphon::tokens {

/// One model step: what happened, and how long after the event before. Fields that a type doesn't
/// have are 0: `wait` and `end` have only the shift; `onset` has no duration, `release` no velocity
/// either.
struct Event {
  EventType type = EventType::wait;
  std::uint8_t shift = 0;  ///< Steps since the event before, in [0, max_shift].
  std::uint8_t slot = 0;   ///< Part, in [0, max_slots).
  std::uint8_t pitch = 0;
  std::uint8_t duration = 0;  ///< Steps, in [1, max_duration], of `note` and `tie`.
  std::uint8_t velocity = 0;  ///< A velocity class.

  friend auto operator<=>(const Event&, const Event&) = default;
};

/// The events of a piece whose part i plays in slot i with the role `roles[i]`, in online order: by
/// time; at one time AI parts before human parts (an AI note knows of human notes strictly
/// earlier), releases before onsets, then by slot and pitch. Notes that begin in [from, to) are
/// taken; `end` closes the list if `to` is the end of the piece or later. Time starts at `from`.
///
/// At most `max_slots` parts. No event of a human part tells when its note will end.
std::vector<Event> encode(const GridScore& score, std::span<const Role> roles, std::int32_t from,
                          std::int32_t to);

/// The whole piece.
std::vector<Event> encode(const GridScore& score, std::span<const Role> roles);

/// Puts the notes of `events` into the parts of `score` (slot i into part i), times starting at
/// `from`. A human note that is never released ends with the last event. The inverse of `encode`.
/// Errors: a slot without a part, a release or tie of a pitch that doesn't sound.
Status decode(std::span<const Event> events, std::int32_t from, GridScore& score);

/// `voice` field of an event, and back: type and slot in one.
int voice_of(const Event& event);

}  // namespace antiphon::tokens
