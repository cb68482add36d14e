// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "generate/partner.h"

namespace antiphon::edge {

/// The step at which live playing is scheduled and measured: a sixteenth.
inline constexpr std::int32_t steps_per_frame = 3;

/// Who answered a frame, the best first.
enum class Tier : std::uint8_t {
  edge,         ///< This device's model, with an answer made for this frame.
  edge_backup,  ///< The same, with an earlier draft.
  reflex,       ///< The small model that is always in time.
  rule,         ///< No model: the bar before, again.
};
inline constexpr int tier_count = 4;

/// The models of this device, each of which an improviser plays with.
enum class Model : std::uint8_t { edge, reflex };
inline constexpr int model_count = 2;

/// From the conductor to an improviser.
struct Told {
  enum class Kind : std::uint8_t { event, ask };
  Kind kind = Kind::event;
  generate::TimedEvent event;  ///< `event`: what a human or AI part did, for good.
  std::int32_t from = 0;       ///< `ask`: what will be played from this step on?
  std::uint32_t request = 0;
};

/// From an improviser to the conductor.
struct Drafted {
  enum class Kind : std::uint8_t { event, covered };
  Kind kind = Kind::event;
  std::uint32_t request = 0;
  generate::TimedEvent event;  ///< `event`: a note or tie of an AI part.
  std::int32_t until = 0;      ///< `covered`: all events before this step have been sent.
  std::uint32_t heard = 0;     ///< `covered`: human onsets that the answer knows of.
};

}  // namespace antiphon::edge
