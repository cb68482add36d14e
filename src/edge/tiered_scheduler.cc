// SPDX-License-Identifier: Apache-2.0
#include "edge/tiered_scheduler.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tokens/grid.h"

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
  draft.noted = draft.agreed = 0;
  draft.choices.clear();
  draft.drafted.clear();
  return draft;
}

Draft* Drafts::take(const Drafted& drafted) {
  Draft& draft = drafts_[drafted.request % drafts_.size()];
  if (drafted.request == 0 || draft.request != drafted.request) return nullptr;
  if (drafted.kind == Drafted::Kind::event) {
    draft.events.push_back(drafted.event);
  } else if (drafted.kind == Drafted::Kind::drawn) {
    draft.choices.push_back(drafted.drawn);
  } else {
    if (drafted.adopted) {
      for (const TimedEvent& event : draft.drafted) {
        if (event.at >= draft.until && event.at < drafted.until) draft.events.push_back(event);
      }
      draft.agreed = drafted.until;
    }
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

TieredScheduler::TieredScheduler(const live::Timeline& timeline,
                                 std::vector<tokens::GridChange<music::Meter>> meters,
                                 const Pace& pace, const Crew& crew, NodeTerms terms)
    : timeline_(timeline),
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
  measured.bar = std::max(1, tokens::bar_at(meters_, frame).length / steps_per_frame);
  measured.node = has(Model::cloud);
  measured.better = terms_.better;
  measured.answers = answers_.estimate(now);
  measured.horizon = pace_.horizon;
  measured.drafting = drafting_.estimate(now).p99;
  plan_ = collab::plan(measured, terms_.wishes, plan_);
  const bool news = plans_.empty() || plans_.back().plan.mode != plan_.mode ||
                    plans_.back().plan.interval != plan_.interval;
  if (news && has(Model::cloud)) plans_.push_back({frame, plan_});
}

void TieredScheduler::ask_node(std::int32_t frame, nanoseconds now) {
  if (plan_.provisional || tokens::bar_at(meters_, frame).start == frame) plan_bar(frame, now);
  if (drafts_are_checked() || !node_is_due(frame)) return;
  const Draft& draft = drafts(Model::cloud).ask(frame, now);
  answers_.asked(draft.request, now);
  Told ask = Told::ask(frame, draft.request, plan_.length * steps_per_frame);
  // Then the answer to the next question is there.
  const nanoseconds useless =
      timeline_.time_of({(frame + (plan_.interval - 1) * steps_per_frame) * ticks_per_step});
  ask.within_us = static_cast<std::uint32_t>(
      std::max<std::int64_t>((useless - pace_.deadline - now) / std::chrono::microseconds(1), 1));
  ask.foretold = plan_.foretold * steps_per_frame;
  asked(Model::cloud).push_back(ask);
}

// Sends what this device has drafted to the node.
void TieredScheduler::ask_to_check(Draft& own, nanoseconds now) {
  Draft& draft = drafts(Model::cloud).ask(own.from, now);
  answers_.asked(draft.request, now);
  std::copy_if(own.events.begin(), own.events.end(), std::back_inserter(draft.drafted),
               [&](const TimedEvent& event) { return event.at < own.noted; });
  // Where it has taken what the node proposed, there is nothing to check.
  if (!own.adopted) {
    for (const generate::DrawnChoice& choice : own.choices)
      asked(Model::cloud).push_back(Told::choice(choice));
  }
  asked(Model::cloud).push_back(Told::ask(own.from, draft.request, own.noted - own.from));
  own.noted = 0;
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
    // What it would draw alike isn't proposed.
    const bool proposes = of_node != nullptr && terms_.proposes && model == leader_ &&
                          !node_leads() && frame >= of_node->agreed;
    if (proposes) {
      proposed_ = of_node;
      for (const TimedEvent& event : of_node->events) {
        if (event.at >= frame && event.at < frame + steps_per_frame)
          asked(model).push_back(Told::proposal(event));
      }
    }
    Draft& draft = drafts(model).ask(frame, now);
    Told ask = Told::ask(frame, draft.request, 0, proposes);
    if (model == leader_) {
      drafting_.asked(draft.request, now);
      if (drafts_are_checked() && node_is_due(frame)) {
        ask.noted = plan_.length * steps_per_frame;
        draft.noted = frame + ask.noted;
      }
    }
    asked(model).push_back(ask);
  }
}

nanoseconds TieredScheduler::ahead(std::int32_t) const {
  switch (due_) {
    case Due::node:
      return std::max(plan_.lead, pace_.horizon);
    case Due::device:
      return plan_.waits ? std::max(plan_.lead, pace_.horizon) : pace_.horizon;
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
  if (drafted.kind == Drafted::Kind::chord) {
    for (const Model mine : {Model::edge, Model::reflex}) {
      if (has(mine)) asked(mine).push_back(Told::harmony(drafted.chord));
    }
    return {};
  }
  Draft* const draft = drafts(model).take(drafted);
  if (draft == nullptr || drafted.kind != Drafted::Kind::covered) return {};
  if (model == Model::cloud) answers_.answered(draft->request, now);
  if (model == leader_) {
    drafting_.answered(draft->request, now);
    if (draft->noted > 0 && draft->until >= draft->noted) ask_to_check(*draft, now);
  }
  if (draft->from != frame) return {};
  // What is waited for is there: the node's answer, or this device's.
  if (model == Model::cloud && waits_for_node()) return chosen({Tier::cloud, draft});
  if (model == Model::edge && due_ == Due::choice && !waits_for_node())
    return chosen(choose(frame));
  return {};
}

Choice TieredScheduler::choose(std::int32_t frame) {
  const auto aged = [&](const Draft* draft, Tier fresh, Tier old) {
    return Choice{draft->from == frame ? fresh : old, draft};
  };
  const auto of_node = [&](const Draft* draft) {
    return aged(draft, Tier::cloud, Tier::cloud_backup);
  };
  if (waits_for_node()) {
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
