// SPDX-License-Identifier: Apache-2.0
#include "collab/planner.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace antiphon::collab {

using std::chrono::nanoseconds;

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

// Of a frame, what a node's answers may take for it to begin to play, and to go on playing.
constexpr double share_to_begin = 0.85, share_to_go_on = 1.0;
constexpr double lost_to_begin = 0.03, lost_to_go_on = 0.1;
// What a question and an answer wait for threads of this device.
constexpr nanoseconds slack = std::chrono::milliseconds(4);
constexpr std::int32_t knocking = 4;    // Frames from question to question while there is silence.
constexpr std::int32_t spare = 2;       // Frames that an answer reaches beyond the least.
constexpr std::int32_t longest = 64;    // Frames of an answer.
constexpr std::int32_t oldest_led = 4;  // Age of a node's draft that is still played.
constexpr std::int32_t oldest_fit = 3;  // The same where this device judges it.

template <class Names>
auto index_of(const Names& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? std::optional<std::size_t>() : found - names.begin();
}

std::string in_ms(nanoseconds time) {
  char text[32];
  const double ms = Milliseconds(time).count();
  std::snprintf(text, sizeof text, "%.*f ms", ms < 10 ? 1 : 0, ms);
  return text;
}

Plan alone(std::string reason) { return {Mode::alone, 0, {}, 0, 0, false, std::move(reason)}; }

// The parameters of a mode in which the node is asked.
Plan solve(Mode mode, const Measurements& measured, std::string reason) {
  const bool leads = mode == Mode::cloud_first;
  // Where the device judges, the draft must be there when its own model is asked.
  const nanoseconds more = slack + (leads ? nanoseconds{} : measured.horizon);
  const auto frames = static_cast<std::int32_t>(
      (measured.answers.p95 + more + measured.frame - nanoseconds(1)) / measured.frame);
  Plan plan;
  plan.mode = mode;
  plan.interval = std::clamp(frames, 1, measured.bar);
  plan.lead = std::clamp(measured.answers.p99 + more, std::min(measured.horizon, measured.frame),
                         measured.frame);
  plan.length = std::min(plan.interval + std::max(frames, 1) + spare, longest);
  plan.oldest = leads ? oldest_led : oldest_fit;
  plan.reason = std::move(reason);
  return plan;
}

}  // namespace

std::optional<Policy> policy_of(std::string_view name) {
  const auto index = index_of(policy_names, name);
  return index ? std::optional(static_cast<Policy>(*index)) : std::nullopt;
}

std::optional<Mode> mode_of(std::string_view name) {
  const auto index = index_of(mode_names, name);
  return index ? std::optional(static_cast<Mode>(*index)) : std::nullopt;
}

Plan plan(const Measurements& measured, const Wishes& wishes, const Plan& before) {
  if (!measured.node) return alone("there is no node");
  if (wishes.policy != Policy::notes) {
    return alone(std::string("the policy '") +
                 policy_names[static_cast<std::size_t>(wishes.policy)] +
                 "' lets no notes leave this device");
  }
  if (wishes.mode == Mode::alone) return alone("asked for");
  const AnswerEstimate& answers = measured.answers;
  if (wishes.mode) return solve(*wishes.mode, measured, "asked for");

  const auto device_plays = [&](std::string reason) {
    return solve(Mode::edge_first, measured, std::move(reason));
  };
  const nanoseconds gone = std::max<nanoseconds>(std::chrono::milliseconds(500), 3 * answers.p95);
  if (answers.silence > gone || !answers.known) {
    Plan plan = device_plays(answers.silence > gone
                                 ? "the node has been silent for " + in_ms(answers.silence)
                                 : "how fast the node answers isn't known yet");
    plan.interval = answers.silence > gone ? knocking : 1;
    plan.provisional = true;
    return plan;
  }
  if (!measured.better) return device_plays("the node's model is this device's own");

  const bool leads = before.mode == Mode::cloud_first;
  const double share = Milliseconds(answers.p95 + slack) / Milliseconds(measured.frame);
  const std::string took = "95 % of the node's answers took at most " + in_ms(answers.p95) +
                           ", a sixteenth takes " + in_ms(measured.frame);
  if (share > (leads ? share_to_go_on : share_to_begin)) return device_plays(took);
  if (answers.lost > (leads ? lost_to_go_on : lost_to_begin)) {
    char lost[64];
    std::snprintf(lost, sizeof lost, "%.0f %% of the questions to the node got no answer",
                  100 * answers.lost);
    return device_plays(lost);
  }
  return solve(Mode::cloud_first, measured, took);
}

}  // namespace antiphon::collab
