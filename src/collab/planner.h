// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collab/answer_times.h"

namespace antiphon::collab {

/// What may leave the device.
enum class Policy : std::uint8_t { nothing, activations, notes };
inline constexpr std::array<const char*, 3> policy_names = {"nothing", "activations", "notes"};

/// How a device and a node share the work.
enum class Mode : std::uint8_t {
  alone,        ///< The node isn't asked.
  edge_first,   ///< The device plays; the node's drafts are taken where they fit.
  cloud_first,  ///< The node plays; the device covers for it.
  time,         ///< The device plays; the node foretells the harmony, and drafts as in edge-first.
  drafts,       ///< The device drafts and plays; the node checks the drafts and corrects them.
  layers,       ///< The node runs the middle layers of a model; the device draws and covers.
};
inline constexpr std::array<const char*, 6> mode_names = {"alone", "edge-first", "cloud-first",
                                                          "time",  "drafts",     "layers"};

std::optional<Policy> policy_of(std::string_view name);
std::optional<Mode> mode_of(std::string_view name);

/// What a jam knows when it plans its next bar.
struct Measurements {
  std::chrono::nanoseconds frame{};  ///< A sixteenth, at the tempo of now.
  std::int32_t bar = 16;             ///< Frames of a bar.
  bool node = false;                 ///< There is one.
  bool better = true;                ///< It may play better than this device.
  AnswerEstimate answers;            ///< Of the node.
  /// How long before a frame begins this device's model is asked for it.
  std::chrono::nanoseconds horizon{};
  /// So long this device takes to draft a frame; 0: not known, or it has no model.
  std::chrono::nanoseconds drafting{};
};

/// What a player wants.
struct Wishes {
  Policy policy = Policy::notes;
  std::optional<Mode> mode = {};  ///< None: the best there is.
};

/// Whether a policy allows a mode.
bool allows(Policy policy, Mode mode);
/// Whether a node is to share a model by layers: where that is asked for, or no other mode is
/// allowed.
bool by_layers(const Wishes& wishes);
/// Whether a node takes part at all.
bool node_takes_part(const Wishes& wishes);

/// How the next bar is played.
struct Plan {
  Mode mode = Mode::alone;
  /// Frames from one question to the node to the next; 0: none is asked.
  std::int32_t interval = 0;
  /// So long before a frame begins the node is asked for it; at most a frame.
  std::chrono::nanoseconds lead{};
  std::int32_t length = 0;  ///< Frames of an answer.
  /// The node's draft counts up to this age in frames; older ones only where nothing else is left.
  std::int32_t oldest = 0;
  std::int32_t foretold = 0;  ///< Frames from a question on whose harmony is asked for, too.
  bool waits = false;         ///< Drafts: a frame waits for the node's check of it.
  bool provisional = false;   ///< To be made again as soon as more is known, not with the next bar.
  std::string reason = {};    ///< A sentence.
};

/// Chooses how to play the next bar: a pure function. `before` is the plan of the bar that ends,
/// from which it departs only for a clear gain (hysteresis).
///
/// With a way to the node and back of R (95 % of the last answers) and frames of length F, a node
/// can answer in time for the frame that it was asked for if R <= F: then it decides what is
/// played, and is asked as early as 99 % of its answers need. Where more of them are late, and
/// there is time for a draft of this device, it checks that; else it plays. Where it can't, it is
/// asked every I = ceil(R / F) frames for I + ceil(R / F) of them and two to spare, the least for
/// which something of an answer is always there (the inequalities of 'Real-Time Language Model
/// Jamming', RTAS 2026, which solves them once and offline), and the device plays. Where 99 % of
/// the answers come in time, an answer is of one frame. Harmony is foretold every half bar at the
/// most, for two bars beyond the way there and back. Drafts are checked before they are played if
/// drafting and R together are at most F, else while they are. The policy always holds.
Plan plan(const Measurements& measured, const Wishes& wishes, const Plan& before);

}  // namespace antiphon::collab
