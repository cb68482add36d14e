// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bitset>
#include <vector>

#include "generate/partner.h"
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

// One way in which it may go on: what is drawn for the frame, and the quarter from there.
struct Future {
  std::vector<TimedEvent> drawn;
  Quarter quarter;
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

// Of some futures' AI parts, those that go best with the human parts of all the others.
std::size_t least_risk(const std::vector<Future>& futures) {
  std::vector<double> risks;
  for (const Future& mine : futures) {
    double risk = 0;
    for (const Future& other : futures) {
      if (&other != &mine) risk += risk_of(mine.quarter.ai(), other.quarter.human());
    }
    risks.push_back(risk);
  }
  return static_cast<std::size_t>(std::min_element(risks.begin(), risks.end()) - risks.begin());
}

}  // namespace

std::span<const TimedEvent> Partner::play_foreseeing(
    std::int32_t from, int futures, std::chrono::steady_clock::time_point deadline) {
  const auto start = std::chrono::steady_clock::now();
  const std::int32_t until = from + steps_per_frame, end = from + foreseen;
  const std::size_t timed = note_times_.size();
  // As `rewrite` wants it: with what it left out for want of room.
  std::vector<TimedEvent> past = told();
  past.insert(past.begin(), crowded_out_.size(), {});

  const Quarter before(stream_, from);
  std::vector<Future> ways;
  for (int i = 0; i < futures; ++i) {
    if (i > 0 && std::chrono::steady_clock::now() >= deadline) break;
    if (i > 0) rewrite(past, from);
    Future& way = ways.emplace_back(Future{{}, before});
    for (const TimedEvent& event : play(end - 1, from)) {
      if (event.at < until) way.drawn.push_back(event);
    }
    for (const TimedEvent& event : told()) {
      if (event.at >= from) way.quarter.hear(event);
    }
    way.quarter.end();
  }

  drawn_ = ways[least_risk(ways)].drawn;
  past.insert(past.end(), drawn_.begin(), drawn_.end());
  rewrite(past, until);
  // All of it was for these.
  note_times_.resize(timed);
  if (!drawn_.empty()) {
    const auto each =
        (std::chrono::steady_clock::now() - start) / static_cast<std::int64_t>(drawn_.size());
    note_times_.resize(timed + drawn_.size(), each);
  }
  return drawn_;
}

}  // namespace antiphon::generate
