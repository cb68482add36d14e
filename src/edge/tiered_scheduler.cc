// SPDX-License-Identifier: Apache-2.0
#include "edge/tiered_scheduler.h"

#include <algorithm>
#include <utility>

#include "generate/loudness.h"

namespace antiphon::edge {

using generate::TimedEvent;
using std::chrono::nanoseconds;
using tokens::ticks_per_step;

namespace {

// A model of this device isn't hurried for so long: its answer covers later frames too when it
// comes. After that it is asked about where the music is then.
constexpr std::int32_t patience = 8 * steps_per_frame;
constexpr std::int32_t beat = 4;  // Frames.
constexpr std::int32_t any_age = INT32_MAX / steps_per_frame;
constexpr std::size_t kept_of_node = 64, kept_of_device = 4;

bool covers(const Draft& draft, std::int32_t frame) {
  return draft.from <= frame && draft.until >= frame + steps_per_frame;
}

}  // namespace

Draft& Drafts::ask(std::int32_t from, nanoseconds now) {
  Draft& draft = drafts_[++requests_ % drafts_.size()];
  draft.request = requests_;
  draft.from = draft.until = from;
  draft.heard = 0;
  draft.adopted = false;
  draft.asked = now;
  draft.events.clear();
  return draft;
}

Draft* Drafts::take(const Drafted& drafted) {
  Draft& draft = drafts_[drafted.request % drafts_.size()];
  if (drafted.request == 0 || draft.request != drafted.request) return nullptr;
  if (drafted.kind == Drafted::Kind::event) {
    draft.events.push_back(drafted.event);
  } else {
    draft.until = drafted.until;
    draft.heard = drafted.heard;
    draft.adopted |= drafted.adopted;
  }
  return &draft;
}

const Draft* Drafts::covering(std::int32_t frame, std::int32_t oldest) const {
  const Draft* best = nullptr;
  for (const Draft& draft : drafts_) {
    const bool fresh = frame - draft.from <= oldest * steps_per_frame;
    if (fresh && covers(draft, frame) && (best == nullptr || draft.request > best->request))
      best = &draft;
  }
  return best;
}

TieredScheduler::TieredScheduler(live::Timeline timeline,
                                 std::vector<tokens::GridChange<music::Meter>> meters,
                                 const Pace& pace, const Crew& crew, NodeTerms terms)
    : timeline_(std::move(timeline)),
      meters_(std::move(meters)),
      pace_(pace),
      crew_(crew),
      terms_(std::move(terms)),
      leader_(has(Model::edge) ? Model::edge : Model::reflex),
      drafts_{Drafts(kept_of_node), Drafts(kept_of_device), Drafts(kept_of_device)} {
  for (const nanoseconds trip : terms_.round_trips) answers_.add(trip);
  plan_bar(0, nanoseconds{});
}

nanoseconds TieredScheduler::length_of(std::int32_t frame) const {
  const auto time_of = [&](std::int32_t step) {
    return timeline_.time_of({step * ticks_per_step});
  };
  return time_of(frame + steps_per_frame) - time_of(frame);
}

void TieredScheduler::plan_bar(std::int32_t frame, nanoseconds now) {
  collab::Measurements measured;
  measured.frame = length_of(frame);
  measured.bar = std::max(1, generate::bar_at(meters_, frame).length / steps_per_frame);
  measured.node = has(Model::cloud);
  measured.better = terms_.better;
  measured.answers = answers_.estimate(now);
  measured.horizon = pace_.horizon;
  plan_ = collab::plan(measured, terms_.wishes, plan_);
  const bool news = plans_.empty() || plans_.back().plan.mode != plan_.mode ||
                    plans_.back().plan.interval != plan_.interval;
  if (news && has(Model::cloud)) plans_.push_back({frame, plan_});
}

void TieredScheduler::ask_node(std::int32_t frame, nanoseconds now) {
  if (plan_.provisional || generate::bar_at(meters_, frame).start == frame) plan_bar(frame, now);
  if (plan_.interval == 0 || frame / steps_per_frame % plan_.interval != 0) return;
  const Draft& draft = drafts(Model::cloud).ask(frame, now);
  answers_.asked(draft.request, now);
  asked(Model::cloud)
      .push_back(Told::ask(frame, draft.request, plan_.length * steps_per_frame, false));
}

void TieredScheduler::ask_device(std::int32_t frame, nanoseconds now) {
  proposed_ = nullptr;
  const Draft* const of_node = drafts(Model::cloud).covering(frame, plan_.oldest);
  // As long as a node leads, this device's model only keeps up with what is played.
  const bool rests = of_node != nullptr && node_leads() && frame / steps_per_frame % beat != 0;
  for (const Model model : {Model::edge, Model::reflex}) {
    const Draft& last = drafts(model).newest();
    const bool unanswered = last.request > 0 && last.until == last.from;
    if (!has(model) || (unanswered && frame - last.from < patience)) continue;
    if (rests && model == Model::edge) continue;
    const bool proposes = of_node != nullptr && model == leader_ && !node_leads();
    if (proposes) {
      proposed_ = of_node;
      for (const TimedEvent& event : of_node->events) {
        if (event.at >= frame && event.at < frame + steps_per_frame)
          asked(model).push_back(Told::proposal(event));
      }
    }
    asked(model).push_back(Told::ask(frame, drafts(model).ask(frame, now).request, 0, proposes));
  }
}

nanoseconds TieredScheduler::ahead(std::int32_t) const {
  switch (due_) {
    case Due::node:
      return std::max(plan_.lead, pace_.horizon);
    case Due::device:
      return pace_.horizon;
    case Due::choice:
      break;
  }
  return pace_.deadline;
}

std::optional<Choice> TieredScheduler::advance(std::int32_t frame, nanoseconds now) {
  switch (due_) {
    case Due::node:
      ask_node(frame, now);
      due_ = Due::device;
      return {};
    case Due::device:
      ask_device(frame, now);
      due_ = Due::choice;
      return {};
    case Due::choice:
      break;
  }
  return chosen(choose(frame));
}

std::optional<Choice> TieredScheduler::take(Model model, const Drafted& drafted, std::int32_t frame,
                                            nanoseconds now) {
  const Draft* const draft = drafts(model).take(drafted);
  if (draft == nullptr) return {};
  if (model == Model::cloud) answers_.answered(draft->request, now);
  if (drafted.kind == Drafted::Kind::event || draft->from != frame) return {};
  // What is waited for is there: the node's answer, or this device's.
  if (model == Model::cloud && node_leads()) return chosen({Tier::cloud, draft});
  if (model == Model::edge && due_ == Due::choice && !node_leads()) return chosen(choose(frame));
  return {};
}

Choice TieredScheduler::choose(std::int32_t frame) {
  const auto aged = [&](const Draft* draft, Tier fresh, Tier old) {
    return Choice{draft->from == frame ? fresh : old, draft};
  };
  const auto of_node = [&](const Draft* draft) {
    return aged(draft, Tier::cloud, Tier::cloud_backup);
  };
  if (node_leads()) {
    if (const Draft* draft = drafts(Model::cloud).covering(frame, plan_.oldest))
      return of_node(draft);
  }
  const Draft* const own = drafts(leader_).covering(frame, pace_.stale);
  if (own != nullptr && own->from == frame && own->adopted && proposed_ != nullptr)
    return of_node(proposed_);
  if (const Draft* draft = drafts(Model::edge).covering(frame, pace_.stale))
    return aged(draft, Tier::edge, Tier::edge_backup);
  if (const Draft* draft = drafts(Model::reflex).covering(frame, any_age))
    return {Tier::reflex, draft};
  if (const Draft* draft = drafts(Model::cloud).covering(frame, any_age)) return of_node(draft);
  if (const Draft* draft = drafts(Model::edge).covering(frame, any_age))
    return {Tier::edge_backup, draft};
  return {Tier::rule, nullptr};
}

Choice TieredScheduler::chosen(Choice choice) {
  due_ = Due::node;
  return choice;
}

}  // namespace antiphon::edge
