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
constexpr std::int32_t oldest_fit = 3;

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

Plan alone(std::string reason) {
  Plan plan;
  plan.reason = std::move(reason);
  return plan;
}

// Whether something is done within a frame, of which it may take more once it does.
bool fits(nanoseconds work, const Measurements& measured, bool before) {
  return Milliseconds(work + slack) / Milliseconds(measured.frame) <=
         (before ? share_to_go_on : share_to_begin);
}

// The parameters of a mode in which the node is asked.
Plan solve(Mode mode, const Measurements& measured, const Plan& before, std::string reason) {
  if (mode == Mode::drafts) {
    Plan plan = solve(Mode::edge_first, measured, before, std::move(reason));
    plan.mode = mode;
    plan.waits = fits(measured.answers.p95 + measured.drafting, measured, before.waits);
    if (!plan.waits) {
      // What was drawn from what takes more room than notes.
      plan.length = std::max(plan.length - spare, 2 * plan.interval);
      return plan;
    }
    plan.interval = plan.length = 1;
    plan.oldest = 0;
    const nanoseconds needed =
        measured.answers.known ? measured.answers.p99 + measured.drafting + slack : measured.frame;
    plan.lead = std::clamp(needed, std::min(measured.horizon, measured.frame), measured.frame);
    return plan;
  }
  if (mode == Mode::time) {
    Plan plan = solve(Mode::edge_first, measured, before, std::move(reason));
    const std::int32_t way = plan.interval;
    plan.mode = mode;
    plan.interval = std::max(way, measured.bar / 2);
    plan.foretold = plan.interval + way + 2 * measured.bar;
    return plan;
  }
  const bool by_layers = mode == Mode::layers || mode == Mode::alone;
  const bool leads = mode == Mode::cloud_first || by_layers;
  // Where the device judges, the draft must be there when its own model is asked.
  const nanoseconds more = slack + (leads ? nanoseconds{} : measured.horizon);
  const auto frames = static_cast<std::int32_t>(
      (measured.answers.p95 + more + measured.frame - nanoseconds(1)) / measured.frame);
  Plan plan;
  plan.mode = mode;
  plan.interval = std::clamp(frames, 1, measured.bar);
  const nanoseconds needed = measured.answers.p99 + more;
  plan.lead = std::clamp(needed, std::min(measured.horizon, measured.frame), measured.frame);
  // Where answers come in time for what they are asked for, no more of them is ever played.
  const bool in_time = measured.answers.known && needed <= measured.frame;
  plan.length = in_time ? 1 : std::min(plan.interval + std::max(frames, 1) + spare, longest);
  plan.oldest = leads ? oldest_led : oldest_fit;
  if (by_layers) plan.length = 1, plan.oldest = 0;
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

bool allows(Policy policy, Mode mode) {
  switch (mode) {
    case Mode::alone:
      return true;
    case Mode::layers:
      return policy != Policy::nothing;
    case Mode::edge_first:
    case Mode::cloud_first:
    case Mode::time:
    case Mode::drafts:
      break;
  }
  return policy == Policy::notes;
}

bool by_layers(const Wishes& wishes) {
  return wishes.mode ? *wishes.mode == Mode::layers : wishes.policy == Policy::activations;
}

bool node_takes_part(const Wishes& wishes) {
  if (wishes.mode == Mode::alone) return false;
  return allows(wishes.policy, by_layers(wishes) ? Mode::layers : Mode::cloud_first);
}

Plan plan(const Measurements& measured, const Wishes& wishes, const Plan& before) {
  if (!measured.node) return alone("there is no node");
  if (wishes.mode == Mode::alone) return alone("asked for");
  if (!node_takes_part(wishes)) {
    return alone(std::string("the policy '") +
                 policy_names[static_cast<std::size_t>(wishes.policy)] + "' lets no " +
                 (by_layers(wishes) ? "activations" : "notes") + " leave this device");
  }
  const AnswerEstimate& answers = measured.answers;
  const nanoseconds gone = std::max<nanoseconds>(std::chrono::milliseconds(500), 3 * answers.p95);
  const bool silent = answers.silence > gone;
  if (wishes.mode) {
    Plan plan = solve(*wishes.mode, measured, before, "asked for");
    if (silent) plan.interval = std::min(plan.interval, knocking);
    plan.provisional = silent || !answers.known;
    return plan;
  }

  const Mode leading = by_layers(wishes) ? Mode::layers : Mode::cloud_first;
  const auto device_plays = [&](std::string reason) {
    if (leading == Mode::cloud_first)
      return solve(Mode::edge_first, measured, before, std::move(reason));
    Plan plan = solve(Mode::alone, measured, before, std::move(reason));
    plan.interval = std::max(plan.interval, knocking);
    return plan;
  };
  if (silent || !answers.known) {
    Plan plan = device_plays(silent ? "the node has been silent for " + in_ms(answers.silence)
                                    : "how fast the node answers isn't known yet");
    plan.interval = silent ? knocking : 1;
    plan.provisional = true;
    return plan;
  }
  if (!measured.better) return device_plays("the node plays no better than this device");

  const bool leads = before.mode == leading || before.waits;
  const std::string took = "95 % of the node's answers took at most " + in_ms(answers.p95) +
                           ", a sixteenth takes " + in_ms(measured.frame);
  if (!fits(answers.p95, measured, leads)) return device_plays(took);
  if (answers.lost > (leads ? lost_to_go_on : lost_to_begin)) {
    char lost[64];
    std::snprintf(lost, sizeof lost, "%.0f %% of the questions to the node got no answer",
                  100 * answers.lost);
    return device_plays(lost);
  }
  // What is drafted here and checked there is as good, and never stale; but where hardly an answer
  // is late, it only costs bytes.
  const nanoseconds drafting = measured.drafting;
  const bool late = !fits(answers.p99, measured, before.mode == Mode::cloud_first);
  if (leading == Mode::cloud_first && late && drafting > nanoseconds{} &&
      fits(answers.p95 + drafting, measured, before.waits))
    return solve(Mode::drafts, measured, before, took + ", and drafting one " + in_ms(drafting));
  Plan plan = solve(leading, measured, before, took);
  plan.provisional = leading == Mode::cloud_first && drafting == nanoseconds{};
  return plan;
}

}  // namespace antiphon::collab
