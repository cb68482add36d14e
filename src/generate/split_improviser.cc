// SPDX-License-Identifier: Apache-2.0
#include "generate/split_improviser.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace antiphon::generate {

SplitImproviser::SplitImproviser(SplitModel& model, EventModel& drafter,
                                 const tokens::Header& header, const Sampling& sampling,
                                 std::int32_t start)
    : model_(model),
      partner_(model, header, start, sampling),
      drafter_(drafter, header, start, sampling),
      facts_(start),
      seed_(sampling.seed) {}

void SplitImproviser::tell(const Told& told) {
  if (told.kind == Told::Kind::control) {
    partner_.control(told.control);
    drafter_.control(told.control);
  }
  if (told.kind == Told::Kind::event) facts_.add(told.event);
}

std::uint64_t SplitImproviser::seed_of(std::int32_t from) const {
  return Random(seed_ ^ static_cast<std::uint64_t>(from) << 32).bits();
}

std::vector<MiddleSteps> SplitImproviser::ask(const Told& told, std::vector<Drafted>& out) {
  assert(told.kind == Told::Kind::ask);
  asked_ = told;
  facts_.recall({&partner_, &drafter_}, told.from);
  const auto past = facts_.before(told.from);
  past_.assign(past.begin(), past.end());
  heard_ = facts_.heard();

  drafter_.couple(seed_of(told.from));
  const auto draft = drafter_.play(told.from + steps_per_frame - 1);
  draft_.assign(draft.begin(), draft.end());
  const std::size_t before = partner_.steps_told();
  partner_.suppose(draft_);
  const std::size_t drafted = partner_.steps_told() - before;
  // Of the last step of the past, and of those that are drafted.
  std::vector<MiddleSteps> messages =
      model_.unsent(model_.size() - std::min(model_.size(), drafted + 1));
  if (messages.empty()) {
    answer(out);
  } else {
    last_serial_ = messages.back().serial;
  }
  return messages;
}

bool SplitImproviser::hear(std::uint32_t serial, const nn::Activations& added,
                           std::vector<Drafted>& out) {
  if (!model_.take(serial, added)) return false;
  if (asked_ && serial == last_serial_) answer(out);
  return true;
}

void SplitImproviser::reset_middle() {
  model_.reset_middle();
  asked_.reset();
}

void SplitImproviser::answer(std::vector<Drafted>& out) {
  const std::int32_t from = asked_->from, last = from + steps_per_frame - 1;
  partner_.rewrite(past_, from);
  partner_.couple(seed_of(from));
  std::vector<TimedEvent> events;
  const bool all = partner_.play_on(last, INT32_MAX, events);
  drawn_exactly_ += events.size();
  if (!all) {
    drafter_.rewrite(past_, from);
    drafter_.suppose(events);
    const auto rest = drafter_.play(last);
    events.insert(events.end(), rest.begin(), rest.end());
  }
  drawn_ += events.size();
  Drafted drafted;
  drafted.request = asked_->request;
  for (const TimedEvent& event : events) {
    drafted.event = event;
    out.push_back(drafted);
  }
  drafted = {};
  drafted.kind = Drafted::Kind::covered;
  drafted.request = asked_->request;
  drafted.until = from + steps_per_frame;
  drafted.heard = heard_;
  out.push_back(drafted);
  asked_.reset();
}

}  // namespace antiphon::generate
