// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "generate/improviser.h"

namespace antiphon::edge {

using generate::Drafted;
using generate::Improviser;
using generate::steps_per_frame;
using generate::Told;

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

}  // namespace antiphon::edge
