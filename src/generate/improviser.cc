// SPDX-License-Identifier: Apache-2.0
#include "generate/improviser.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "generate/foresight.h"

namespace antiphon::generate {

using tokens::EventType;

namespace {

// A proposal fits if it surprises no more than this many standard deviations beyond the mean of own
// drafts.
constexpr double leeway = 2;

// How often what is to be foretold is imagined.
constexpr int imaginings = 3;

// Frames that are checked together.
constexpr int most_at_once = 16;

}  // namespace

Improviser::Improviser(EventModel& model, tokens::Header header, const Sampling& sampling,
                       std::int32_t reach, std::int32_t start)
    : partner_(model, std::move(header), start, sampling),
      facts_(start),
      reach_(reach),
      futures_(sampling.futures),
      affordable_(sampling.futures) {}

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
    begun_ = answered_ = false;
    proposal_.reset();
    if (told.proposes) proposal_ = std::exchange(proposing_, {});
    proposing_.clear();
    draft_ = std::exchange(checking_, {});
    return;
  }
  if (told.kind == Told::Kind::chord) {
    foretold_.foretell(told.chord);
    return;
  }
  if (told.kind == Told::Kind::drawn) {
    checking_.push_back(told.drawn);
    return;
  }
  if (told.event.event.type == EventType::onset)
    foretold_.hear(told.event.at, told.event.event.pitch);
  facts_.add(told.event);
}

// Takes the proposal for the first frame if it fits. A likelihood alone would prefer rests, which
// are likelier than any one chord, so it is held against what the model expects of its own drafts
// (typicality; Meister et al. 2023).
bool Improviser::adopt(std::span<const TimedEvent> proposal, std::int32_t from) {
  const std::int32_t until = from + steps_per_frame;
  const Surprisal surprisal = partner_.weigh(proposal, until);
  if (surprisal.nats <= surprisal.expected + leeway * std::sqrt(surprisal.variance)) return true;
  forget_drafts();
  return false;
}

// Takes the model back to where what was asked begins.
void Improviser::forget_drafts() { partner_.rewrite(facts_.before(asked_->from), asked_->from); }

std::int32_t Improviser::end_of_answer() const {
  return asked_->from + std::max(asked_->reach > 0 ? asked_->reach : reach_, asked_->noted);
}

// Imagines one more frame of what is to be foretold.
void Improviser::foretell(std::vector<Drafted>& out) {
  const std::int32_t from = asked_->from, end = from + asked_->foretold;
  if (drafted_ < end) {
    partner_.play(drafted_ + steps_per_frame - 1, from + steps_per_frame);
    drafted_ += steps_per_frame;
    if (drafted_ < end) return;
  }
  const auto changes = chord_changes(partner_.header(), from, end);
  times_.resize(changes.size() - 1);
  add_sounding(partner_.told(), partner_.header(), changes, times_);
  if (++imagined_ < imaginings) {
    forget_drafts();
    drafted_ = from;
    return;
  }
  Drafted drafted;
  drafted.kind = Drafted::Kind::chord;
  drafted.request = asked_->request;
  for (std::size_t i = 0; i < times_.size(); ++i) {
    drafted.chord = {changes[i], chord_of(times_[i])};
    out.push_back(drafted);
  }
  asked_.reset();
}

// Tells the model what is true, so that it is asked from there on.
void Improviser::begin() {
  const std::int32_t from = asked_->from;
  facts_.recall({&partner_}, from);
  // So that an answer doesn't depend on how far ahead there was time to draft before.
  partner_.begin_anew(asked_->request);
  drafted_ = from;
  drawn_.clear();
  noted_.clear();
  imagined_ = 0;
  times_.clear();
  partner_.set_foretold(foretold_.chart());
  partner_.follow(draft_, end_of_answer(), from + steps_per_frame);
  begun_ = true;
}

bool Improviser::work(std::vector<Drafted>& out) {
  assert(busy());
  if (answered_) {
    foretell(out);
    return true;
  }
  if (!begun_) begin();
  for (int frames = 0; frames < most_at_once; ++frames) {
    const Worked worked = work_frame(out);
    if (worked == Worked::waits) return frames > 0;
    if (worked == Worked::drafted) break;
  }
  return true;
}

// Where time was short, fewer futures are begun the next time.
void Improviser::foresee(std::int32_t from) {
  using Clock = Foresight::Clock;
  const auto deadline = patience_ ? Clock::now() + *patience_ : Clock::time_point::max();
  drawn_ = play_foreseeing(partner_, from, affordable_, deadline);
  affordable_ =
      Clock::now() < deadline ? std::min(affordable_ + 1, futures_) : std::max(affordable_ / 2, 2);
}

Improviser::Worked Improviser::work_frame(std::vector<Drafted>& out) {
  const std::int32_t from = asked_->from, until = drafted_ + steps_per_frame;
  const auto proposal = std::exchange(proposal_, {});
  const bool adopted = proposal && adopt(*proposal, from);
  const bool notes = !adopted && drafted_ < from + asked_->noted;
  partner_.note(notes ? &noted_ : nullptr);
  // Of a draft that is being checked, or is to be, each choice counts.
  const bool foresees = futures_ > 1 && drafted_ == from && !notes && draft_.empty();
  if (adopted) {
    drawn_ = *proposal;
  } else if (foresees) {
    foresee(from);
  } else if (!partner_.play_on(until - 1, from + steps_per_frame, drawn_)) {
    return Worked::waits;
  }
  const bool kept = partner_.kept();
  Drafted drafted;
  drafted.request = asked_->request;
  for (drafted.kind = Drafted::Kind::drawn; const DrawnChoice& choice : std::exchange(noted_, {})) {
    drafted.drawn = choice;
    out.push_back(drafted);
  }
  if (!kept) {
    for (drafted.kind = Drafted::Kind::event; const TimedEvent& event : drawn_) {
      drafted.event = event;
      out.push_back(drafted);
    }
  }
  out.push_back(
      {Drafted::Kind::covered, asked_->request, {}, until, facts_.heard(), adopted || kept, {}});
  drafted_ = until;
  drawn_.clear();
  answered_ = drafted_ >= end_of_answer();
  if (answered_ && asked_->foretold == 0) asked_.reset();
  return kept && !answered_ ? Worked::kept : Worked::drafted;
}

}  // namespace antiphon::generate
