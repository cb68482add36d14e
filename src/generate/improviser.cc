// SPDX-License-Identifier: Apache-2.0
#include "generate/improviser.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>
#include <utility>

namespace antiphon::generate {

using tokens::EventType;

namespace {

// People are late: their last two quarters may still change.
constexpr std::int32_t unsettled = 2 * tokens::steps_per_quarter;

bool is_human(const TimedEvent& event) {
  return event.event.type == EventType::onset || event.event.type == EventType::release;
}

// A proposal fits if it surprises no more than this many standard deviations beyond the mean of own
// drafts.
constexpr double leeway = 2;

// The order of `tokens::encode`.
auto online_order(const TimedEvent& event) {
  return std::tuple(event.at, is_human(event), event.event.type != EventType::release,
                    event.event.slot, event.event.pitch);
}

}  // namespace

Improviser::Improviser(EventModel& model, tokens::Header header, const Sampling& sampling,
                       std::int32_t reach, std::int32_t start)
    : partner_(model, std::move(header), start, sampling), settled_(start), reach_(reach) {}

void Improviser::tell(const Told& told) {
  if (told.kind == Told::Kind::control) {
    partner_.control(told.control);
    return;
  }
  if (told.kind == Told::Kind::proposal) {
    proposing_.push_back(told.event);
    return;
  }
  if (told.kind == Told::Kind::ask) {
    asked_ = told;
    rewritten_ = false;
    proposal_.reset();
    if (told.proposes) proposal_ = std::exchange(proposing_, {});
    proposing_.clear();
    return;
  }
  heard_ += told.event.event.type == EventType::onset;
  TimedEvent event = told.event;
  event.at = std::max(event.at, settled_);
  const auto place = std::upper_bound(
      truth_.begin(), truth_.end(), event,
      [](const auto& a, const auto& b) { return online_order(a) < online_order(b); });
  truth_.insert(place, event);
}

// Takes the proposal for the first frame if it fits. A likelihood alone would prefer rests, which
// are likelier than any one chord, so it is held against what the model expects of its own drafts
// (typicality; Meister et al. 2023).
bool Improviser::adopt(std::int32_t from) {
  const std::int32_t until = from + steps_per_frame;
  const Surprisal surprisal = partner_.weigh(*proposal_, until);
  if (surprisal.nats <= surprisal.expected + leeway * std::sqrt(surprisal.variance)) return true;
  std::vector<TimedEvent> past = truth_;
  std::erase_if(past, [&](const TimedEvent& event) { return event.at >= from; });
  partner_.rewrite(past, from);
  return false;
}

void Improviser::work(std::vector<Drafted>& out) {
  assert(busy());
  const std::int32_t from = asked_->from;
  const bool first = !rewritten_;
  if (first) {
    // A human note at `from` may be known already, if the player was early; AI notes of that step
    // come before it.
    const auto later = std::find_if(truth_.begin(), truth_.end(),
                                    [&](const TimedEvent& event) { return event.at >= from; });
    partner_.rewrite({truth_.begin(), later}, from);
    heard_before_ = heard_ - static_cast<std::uint32_t>(
                                 std::count_if(later, truth_.end(), [](const TimedEvent& event) {
                                   return event.event.type == EventType::onset;
                                 }));
    settled_ = std::max(settled_, from - unsettled);
    partner_.settle(settled_);
    std::erase_if(truth_, [&](const TimedEvent& event) { return event.at < settled_; });
    drafted_ = from;
    rewritten_ = true;
  }
  const std::int32_t until = drafted_ + steps_per_frame;
  const bool adopted = first && proposal_ && adopt(from);
  const std::span<const TimedEvent> frame =
      adopted ? *proposal_ : partner_.play(until - 1, from + steps_per_frame);
  for (const TimedEvent& event : frame)
    out.push_back({Drafted::Kind::event, asked_->request, event, 0, 0, false});
  out.push_back({Drafted::Kind::covered, asked_->request, {}, until, heard_before_, adopted});
  drafted_ = until;
  if (drafted_ >= from + (asked_->reach > 0 ? asked_->reach : reach_)) asked_.reset();
}

}  // namespace antiphon::generate
