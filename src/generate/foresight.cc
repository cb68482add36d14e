// SPDX-License-Identifier: Apache-2.0
#include "generate/foresight.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "music/chord_symbol.h"

namespace antiphon::generate {

using music::PitchClassSet;
using tokens::EventType;

namespace {

constexpr std::int32_t foreseen = tokens::steps_per_quarter;
// A melody's note that nobody supports is so much of one that clashes: rests are music, too.
constexpr double unsupported = 0.1;

// What sounds at each step of what is foreseen.
using Sounding = std::array<PitchClassSet, foreseen>;

// Notes as pitch classes, step by step from `from` on: those of the AI parts and of the human ones.
class Quarter {
 public:
  // Of what sounds already; when a human note ends isn't known.
  Quarter(const tokens::EventStream& stream, std::int32_t from) : from_(from), heard_(from) {
    const auto& slots = stream.header().slots;
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
      if (slots[slot].instrument == tokens::instrument_drums) continue;
      pitched_.set(slot);
      for (int pitch = 0; pitch < 128; ++pitch) {
        sound(ai_, from, stream.ai_end(static_cast<int>(slot), pitch), pitch);
        held_[slot].set(static_cast<std::size_t>(pitch),
                        stream.human_holds(static_cast<int>(slot), pitch));
      }
    }
  }

  // In the order of time.
  void hear(const TimedEvent& timed) {
    const tokens::Event& event = timed.event;
    if (!pitched_.test(event.slot)) return;
    if (event.type == EventType::onset || event.type == EventType::release) {
      hold_until(timed.at);
      held_[event.slot].set(event.pitch, event.type == EventType::onset);
    } else {
      sound(ai_, timed.at, timed.at + event.duration, event.pitch);
    }
  }
  void end() { hold_until(from_ + foreseen); }

  const Sounding& ai() const { return ai_; }
  const Sounding& human() const { return human_; }

 private:
  void sound(Sounding& sounding, std::int32_t at, std::int32_t until, int pitch) const {
    for (std::int32_t step = at; step < std::min(until, from_ + foreseen); ++step)
      sounding[static_cast<std::size_t>(step - from_)].set(static_cast<std::size_t>(pitch % 12));
  }
  void hold_until(std::int32_t at) {
    for (const std::bitset<128>& held : held_) {
      for (int pitch = 0; held.any() && pitch < 128; ++pitch) {
        if (held.test(static_cast<std::size_t>(pitch))) sound(human_, heard_, at, pitch);
      }
    }
    heard_ = at;
  }

  std::int32_t from_, heard_;  // Up to `heard_`, `human_` is known.
  std::bitset<tokens::max_slots> pitched_;
  std::array<std::bitset<128>, tokens::max_slots> held_;  // By human parts.
  Sounding ai_, human_;
};

// Pitch classes up from which a pitch class is a consonance, as `music::harmony_of` has it: a
// unison, third, fifth or sixth.
PitchClassSet consonant_below(std::size_t pitch_class) {
  PitchClassSet set;
  for (const std::size_t up : {0u, 3u, 4u, 7u, 8u, 9u}) set.set((pitch_class + 12 - up) % 12);
  return set;
}

// The time for which notes of a human part clash with what AI parts play, in steps.
double risk_of(const Sounding& ai, const Sounding& human) {
  static const auto consonant = [] {
    std::array<PitchClassSet, 12> sets;
    for (std::size_t i = 0; i < sets.size(); ++i) sets[i] = consonant_below(i);
    return sets;
  }();
  double risk = 0;
  for (std::size_t step = 0; step < ai.size(); ++step) {
    for (std::size_t i = 0; i < consonant.size(); ++i) {
      if (!human[step].test(i) || (ai[step] & consonant[i]).any()) continue;
      risk += ai[step].none() ? unsupported : 1;
    }
  }
  return risk;
}

// Of some futures, that whose AI parts go best with the human parts of all the others.
std::size_t least_risk(const std::vector<Quarter>& futures) {
  std::vector<double> risks;
  for (const Quarter& mine : futures) {
    double risk = 0;
    for (const Quarter& other : futures) {
      if (&other != &mine) risk += risk_of(mine.ai(), other.human());
    }
    risks.push_back(risk);
  }
  return static_cast<std::size_t>(std::min_element(risks.begin(), risks.end()) - risks.begin());
}

}  // namespace

Foresight::Foresight(Partner& partner, std::int32_t from, int futures, Clock::time_point deadline)
    : partner_(partner), from_(from), deadline_(deadline) {
  const auto count = static_cast<std::size_t>(futures);
  const auto models = partner.branch_model(count);
  side_by_side_ = !models.empty();
  futures_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    EventModel& model = side_by_side_ ? *models[i] : partner.model();
    futures_.push_back({partner.branch(model, partner.random_bits()), {}});
  }
}

bool Foresight::work() {
  waiting_.clear();
  for (std::size_t i = 0; i < futures_.size(); ++i) {
    if (i > 0 && Clock::now() >= deadline_) {
      // Those that are done later, too: where there is little to draft, that is soon.
      const auto late = std::find_if(futures_.begin(), futures_.end(),
                                     [](const Future& one) { return !one.done; });
      futures_.erase(std::max(late, futures_.begin() + 1), futures_.end());
      break;
    }
    draft(futures_[i]);
  }
  return waiting_.empty();
}

void Foresight::draft(Future& future) {
  if (future.done) return;
  const std::int32_t last = from_ + foreseen - 1;
  if (side_by_side_) {
    future.done = future.partner.play_on(last, from_, future.drawn);
    if (!future.done) waiting_.push_back(&future.partner.model());
  } else {
    const auto drawn = future.partner.play(last, from_);
    future.drawn.assign(drawn.begin(), drawn.end());
    future.done = true;
    partner_.stand_again(future.partner);
  }
}

std::vector<TimedEvent> Foresight::choose() {
  const Quarter before(partner_.stream(), from_);
  std::vector<Quarter> quarters;
  for (const Future& future : futures_) {
    Quarter& quarter = quarters.emplace_back(before);
    for (const TimedEvent& event : future.partner.told()) {
      if (event.at >= from_) quarter.hear(event);
    }
    quarter.end();
  }
  Future& best = futures_[least_risk(quarters)];
  const std::int32_t until = from_ + steps_per_frame;
  std::erase_if(best.drawn, [until](const TimedEvent& event) { return event.at >= until; });
  // All of it was for these.
  const auto each = best.drawn.empty()
                        ? Clock::duration{}
                        : (Clock::now() - began_) / static_cast<std::int64_t>(best.drawn.size());
  partner_.take(best.partner, best.drawn, until, each);
  return std::move(best.drawn);
}

std::vector<TimedEvent> play_foreseeing(Partner& partner, std::int32_t from, int futures,
                                        Foresight::Clock::time_point deadline) {
  Foresight foresight(partner, from, futures, deadline);
  while (!foresight.work()) partner.model().run_branches(foresight.waiting());
  return foresight.choose();
}

}  // namespace antiphon::generate
