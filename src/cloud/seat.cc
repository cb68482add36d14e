// SPDX-License-Identifier: Apache-2.0
#include "cloud/seat.h"

#include <string>
#include <utility>

namespace antiphon::cloud {

using generate::Drafted;
using generate::TimedEvent;
using generate::Told;
using tokens::EventType;

namespace {

constexpr std::size_t most_waiting = 8192;               // Events without a question.
constexpr std::int32_t longest_silence = 240 * 60 * 12;  // Steps: an hour at 240 beats a minute.

Status check(const TimedEvent& event, const tokens::Header& header, std::int32_t latest) {
  const std::string part = "part " + std::to_string(event.event.slot) + ", counted from 0, ";
  if (event.event.slot >= header.slots.size()) {
    return Error{Errc::invalid_input,
                 part + "is beyond the " + std::to_string(header.slots.size()) + " there are"};
  }
  const bool human = event.event.type == EventType::onset || event.event.type == EventType::release;
  if (human != (header.slots[event.event.slot].role == tokens::Role::human)) {
    return Error{Errc::invalid_input, part + (human ? "is an AI's and has no onsets and releases"
                                                    : "is a human's and has no notes and ties")};
  }
  if (event.at > latest) {
    return Error{Errc::out_of_range, "an event at step " + std::to_string(event.at) +
                                         ", more than an hour after what was asked for"};
  }
  return Done{};
}

}  // namespace

Seat::Seat(std::unique_ptr<generate::EventModel> model, const wire::Join& join)
    : header_(join.header),
      model_(std::move(model)),
      improviser_(*model_, join.header, join.sampling, join.reach, join.start),
      from_(join.start) {}

Status Seat::put(const wire::Tell& tell) {
  const std::int32_t latest = from_ + longest_silence;
  for (const TimedEvent& event : tell.events) ANTIPHON_CHECK(check(event, header_, latest));
  const std::size_t drafted = tell.ask ? tell.ask->drafted.size() : 0;
  if (inbox_.size() + tell.events.size() + drafted > most_waiting) {
    return Error{Errc::out_of_range,
                 "more than " + std::to_string(most_waiting) + " events wait for a question"};
  }
  if (tell.ask && (tell.ask->from < from_ || tell.ask->from > latest)) {
    return Error{Errc::out_of_range, "a question about step " + std::to_string(tell.ask->from) +
                                         " after one about " + std::to_string(from_) +
                                         "; expected one up to an hour later"};
  }
  if (tell.ask && tell.ask->request <= request_) {
    return Error{Errc::out_of_range, "question " + std::to_string(tell.ask->request) + " after " +
                                         std::to_string(request_) + "; expected a later number"};
  }
  for (const TimedEvent& event : tell.events) inbox_.push_back(Told::fact(event));
  if (!tell.ask) return Done{};
  for (const generate::DrawnChoice& choice : tell.ask->drafted)
    inbox_.push_back(Told::choice(choice));
  Told ask = Told::ask(tell.ask->from, tell.ask->request, tell.ask->reach);
  ask.foretold = tell.ask->foretold;
  inbox_.push_back(ask);
  from_ = tell.ask->from;
  request_ = tell.ask->request;
  return Done{};
}

std::vector<Told> Seat::take() { return std::exchange(inbox_, {}); }

void Seat::tell(const std::vector<Told>& told) {
  for (const Told& one : told) improviser_.tell(one);
}

std::optional<Seat::Answer> Seat::work() {
  std::vector<Drafted> drafted;
  if (!improviser_.busy() || !improviser_.work(drafted) || drafted.empty()) return {};
  return Answer{wire::answer_of(drafted), drafted.front().request};
}

}  // namespace antiphon::cloud
