// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

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

// One way in which it may go on: what is drawn for the frame, and what sounds from then on.
struct Future {
  std::vector<TimedEvent> drawn;
  Sounding ai, human;
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
      if (&other != &mine) risk += risk_of(mine.ai, other.human);
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
  std::vector<TimedEvent> past(crowded_out_.size());
  const std::vector<TimedEvent> known = told();
  past.insert(past.end(), known.begin(), known.end());

  // What sounds already; when a human note ends isn't known.
  std::array<std::bitset<128>, tokens::max_slots> held_before;
  Sounding ai_before;
  const auto& slots = stream_.header().slots;
  const auto pitched = [&](std::size_t slot) {
    return slots[slot].instrument != tokens::instrument_drums;
  };
  const auto sound = [&](Sounding& sounding, std::int32_t at, std::int32_t ends, int pitch) {
    for (std::int32_t step = at; step < std::min(ends, end); ++step)
      sounding[static_cast<std::size_t>(step - from)].set(static_cast<std::size_t>(pitch % 12));
  };
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    if (!pitched(slot)) continue;
    for (int pitch = 0; pitch < 128; ++pitch) {
      sound(ai_before, from, stream_.ai_end(static_cast<int>(slot), pitch), pitch);
      held_before[slot].set(static_cast<std::size_t>(pitch),
                            stream_.human_holds(static_cast<int>(slot), pitch));
    }
  }

  std::vector<Future> ways;
  for (int i = 0; i < futures; ++i) {
    if (i > 0 && std::chrono::steady_clock::now() >= deadline) break;
    if (i > 0) rewrite(past, from);
    Future& way = ways.emplace_back();
    for (const TimedEvent& event : play(end - 1, from)) {
      if (event.at < until) way.drawn.push_back(event);
    }
    way.ai = ai_before;
    auto held = held_before;
    std::int32_t heard = from;  // Up to here, `way.human` is known.
    const auto hold_until = [&](std::int32_t at) {
      for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        for (int pitch = 0; held[slot].any() && pitch < 128; ++pitch) {
          if (held[slot].test(static_cast<std::size_t>(pitch))) sound(way.human, heard, at, pitch);
        }
      }
      heard = at;
    };
    for (const TimedEvent& timed_event : told()) {
      const tokens::Event& event = timed_event.event;
      if (timed_event.at < from || !pitched(event.slot)) continue;
      if (event.type == EventType::onset || event.type == EventType::release) {
        hold_until(timed_event.at);
        held[event.slot].set(event.pitch, event.type == EventType::onset);
      } else {
        sound(way.ai, timed_event.at, timed_event.at + event.duration, event.pitch);
      }
    }
    hold_until(end);
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
