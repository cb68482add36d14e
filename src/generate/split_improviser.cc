// SPDX-License-Identifier: Apache-2.0
#include "generate/split_improviser.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "tokens/grid.h"

namespace antiphon::generate {
namespace {

// What may be sent: some at once, so much more with each bar.
constexpr double bytes_at_once = 8000, bytes_a_bar = 15000;
// Of a message, and of each row in it beside its numbers, at most.
constexpr std::size_t bytes_a_message = 24, bytes_a_row = 7;

}  // namespace

SplitImproviser::SplitImproviser(SplitModel& model, EventModel& drafter,
                                 const tokens::Header& header, const Sampling& sampling,
                                 std::int32_t start)
    : model_(model),
      partner_(model, header, start, sampling),
      drafter_(drafter, header, start, sampling),
      facts_(start),
      seed_(sampling.seed),
      room_(bytes_at_once),
      room_at_(start) {}

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

// What it takes to tell so many steps and to be told what is added to so many.
double SplitImproviser::cost_of(std::size_t told, std::size_t wanted) const {
  const std::size_t rows = (told + wanted) * (model_.dim() + bytes_a_row);
  return static_cast<double>(2 * bytes_a_message + rows);
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
  const std::size_t news = model_.news();
  for (; room_at_ < told.from; ++room_at_)
    room_ += bytes_a_bar / bar_at(partner_.header().meters, room_at_).length;
  const double left = room_ - cost_of(news, 1), more = cost_of(1, 1) - cost_of(0, 0);
  if (news > 0 && left < 0) {
    asked_.reset();
    return {};
  }
  // Half of what is left is for frames that bring more news.
  const auto affordable = static_cast<std::size_t>(std::max(left, 0.0) / 2 / more);
  draft_.assign(draft.begin(),
                draft.begin() + static_cast<std::ptrdiff_t>(std::min(draft.size(), affordable)));
  const std::size_t before = partner_.steps_told();
  partner_.suppose(draft_);
  const std::size_t drafted = partner_.steps_told() - before;
  // Of the last step of the past, and of those that are drafted.
  std::vector<MiddleSteps> messages =
      model_.unsent(model_.size() - std::min(model_.size(), drafted + 1));
  for (const MiddleSteps& message : messages) room_ -= cost_of(message.rows.rows(), message.wanted);
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
