// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <variant>

#include "generate/improviser.h"

namespace antiphon::edge {

using generate::Drafted;
using generate::Improviser;
using generate::steps_per_frame;
using generate::Told;

/// A wish, and the step from which it holds.
struct TimedControl {
  std::int32_t at = 0;
  generate::Control control;
};

/// Someone beats time.
struct Tap {
  std::chrono::nanoseconds at{};
};

/// What a player wants while the jam goes on.
using Wish = std::variant<generate::Control, Tap>;

/// Who answered a frame.
enum class Tier : std::uint8_t {
  cloud,         ///< A node, with an answer made for this frame.
  cloud_backup,  ///< The same, with an earlier draft.
  edge,          ///< This device's model, with an answer made for this frame.
  edge_backup,   ///< The same, with an earlier draft.
  reflex,        ///< The small model that is always in time.
  rule,          ///< No model: the bar before, again.
  none,          ///< Nobody: a frame that a baseline leaves without an answer.
};
inline constexpr int tier_count = 7;

/// Who may be asked: a node, this device's model, and its small one that is always in time.
enum class Model : std::uint8_t { cloud, edge, reflex };
inline constexpr int model_count = 3;

/// Which of them there are.
using Crew = std::array<bool, model_count>;

}  // namespace antiphon::edge
