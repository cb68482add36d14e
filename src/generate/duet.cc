// SPDX-License-Identifier: Apache-2.0
#include "generate/duet.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "generate/facts.h"
#include "generate/foresight.h"
#include "generate/loudness.h"
#include "generate/partner.h"
#include "music/instruments.h"

namespace antiphon::generate {
namespace {

using music::Score;
using music::Ticks;
using tokens::GridScore;
using tokens::Role;

using tokens::ticks_per_step;

using Parts = std::vector<std::vector<music::Note>>;

// Notes of slot i go to parts[i]; ties make them longer. `loudness` gives a MIDI velocity.
template <class Loudness>
void add(std::span<const TimedEvent> events, Parts& parts, Loudness&& loudness) {
  for (const TimedEvent& timed : events) {
    const std::int32_t at = timed.at;
    const tokens::Event& event = timed.event;
    auto& notes = parts[event.slot];
    const Ticks duration{event.duration * ticks_per_step};
    const auto tied = std::find_if(notes.rbegin(), notes.rend(), [&](const auto& note) {
      return event.type == tokens::EventType::tie && note.pitch == event.pitch;
    });
    // A tie may join a note from before the partner began; then it is a note of its own.
    if (tied == notes.rend()) {
      notes.push_back(
          {Ticks{at * ticks_per_step}, duration, event.pitch, loudness(event.velocity, at)});
    } else {
      tied->duration += duration;
    }
  }
}

constexpr std::int32_t foreseen = tokens::steps_per_quarter;  // A stretch that is tried.

// Events of human parts from `from` until before `until`.
std::span<const TimedEvent> between(const std::vector<TimedEvent>& heard, std::int32_t from,
                                    std::int32_t until) {
  const auto before = [](const TimedEvent& event, std::int32_t step) { return event.at < step; };
  const auto first = std::lower_bound(heard.begin(), heard.end(), from, before);
  return {first, std::lower_bound(first, heard.end(), until, before)};
}

// Which of `surprises`, in proportion to how likely each makes what was heard.
std::size_t draw_way(std::span<const double> surprises, Random& random) {
  const double least = *std::min_element(surprises.begin(), surprises.end());
  std::vector<double> weights;
  for (const double nats : surprises) weights.push_back(std::exp(least - nats));
  double left = random.uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
  std::size_t way = 0;
  while (way + 1 < weights.size() && left >= weights[way]) left -= weights[way++];
  return way;
}

// Plays beside `heard`, which is what comes next until before step `until`, as if nothing of it
// were known, so many times over, and keeps one of them.
std::vector<TimedEvent> play_knowing(Partner& partner, std::span<const TimedEvent> heard,
                                     std::int32_t from, std::int32_t until, int candidates,
                                     Random& random) {
  partner.settle(from);
  const std::vector<TimedEvent> past = partner.told();
  std::vector<std::vector<TimedEvent>> ways(static_cast<std::size_t>(candidates)), told;
  std::vector<double> surprises;
  for (std::vector<TimedEvent>& drawn : ways) {
    if (!told.empty()) partner.rewrite(past, from);
    double surprise = 0;
    const auto play = [&](std::int32_t step) {
      const auto events = partner.play(step);
      drawn.insert(drawn.end(), events.begin(), events.end());
    };
    for (const TimedEvent& event : heard) {
      play(event.at);
      if (event.event.type == tokens::EventType::onset) surprise += partner.surprise(event);
      partner.hear(event);
    }
    play(until - 1);
    surprises.push_back(surprise);
    told.push_back(partner.told());
  }
  const std::size_t way = draw_way(surprises, random);
  partner.rewrite(told[way], until);
  return ways[way];
}

// Plays beside a melody from its beginning to its end, in one of three ways. Who stops playing
// isn't answered by new notes. `go_on(step)` says whether to.
class Accompaniment {
 public:
  Accompaniment(Partner& partner, const std::vector<TimedEvent>& heard, std::size_t parts,
                std::vector<tokens::GridChange<music::Meter>> meters)
      : partner_(partner),
        heard_(heard),
        last_(heard.back().at),
        played_(parts),
        loudness_(std::move(meters)) {}

  // As it comes.
  template <class GoOn>
  void play(GoOn&& go_on) {
    for (const TimedEvent& event : heard_) {
      if (!go_on(event.at)) return;
      add_drawn(partner_.play(std::min(event.at, last_ - 1)));
      partner_.hear(event);
      hear_loudness(event);
    }
  }

  // Each frame as that of one of so many futures.
  template <class GoOn>
  void play_foreseeing(int futures, GoOn&& go_on) {
    Facts facts(0);
    for (std::int32_t from = 0; from < last_ && go_on(from); from += steps_per_frame) {
      const std::int32_t until = std::min(from + steps_per_frame, last_);
      facts.recall({&partner_}, from);
      auto drawn = generate::play_foreseeing(partner_, from, futures);
      std::erase_if(drawn, [until](const TimedEvent& event) { return event.at >= until; });
      add_drawn(drawn);
      for (const TimedEvent& event : drawn) facts.add(event);
      for (const TimedEvent& event : between(heard_, from, until)) {
        facts.add(event);
        hear_loudness(event);
      }
    }
  }

  // Each stretch as one of so many ways, drawn by what the melody does there.
  template <class GoOn>
  void play_knowing(int candidates, std::uint64_t seed, GoOn&& go_on) {
    Random random(seed);
    for (std::int32_t from = 0; from < last_ && go_on(from); from += foreseen) {
      const std::int32_t until = std::min(from + foreseen, last_);
      const auto coming = between(heard_, from, until);
      const auto drawn = generate::play_knowing(partner_, coming, from, until, candidates, random);
      std::size_t next = 0;
      for (const TimedEvent& event : coming) {
        const std::size_t first = next;
        while (next < drawn.size() && drawn[next].at <= event.at) ++next;
        add_drawn(std::span(drawn).subspan(first, next - first));
        hear_loudness(event);
      }
      add_drawn(std::span(drawn).subspan(next));
    }
  }

  std::vector<music::Note> take_notes(std::size_t part) { return std::move(played_[part]); }

 private:
  void add_drawn(std::span<const TimedEvent> drawn) { add(drawn, played_, loudness_); }
  void hear_loudness(const TimedEvent& event) {
    if (event.event.velocity > 0) loudness_.hear(tokens::velocity_of_class(event.event.velocity));
  }

  Partner& partner_;
  const std::vector<TimedEvent>& heard_;
  std::int32_t last_;
  Parts played_;
  Loudness loudness_;
};

Error too_many_parts(std::size_t parts) {
  return Error{Errc::invalid_input, std::to_string(parts) +
                                        " parts, human and AI together; at most " +
                                        std::to_string(tokens::max_slots) + " can play"};
}

}  // namespace

std::string ai_part_name(int instrument) {
  const auto name =
      instrument == tokens::instrument_drums ? "Drums" : music::program_name(instrument);
  return "Antiphon: " + std::string(name);
}

Result<Score> human_score(const Score& score, std::span<const std::size_t> human,
                          std::size_t ai_parts) {
  if (human.empty()) return Error{Errc::invalid_input, "nobody to accompany: name a human part"};
  if (human.size() + ai_parts > tokens::max_slots) return too_many_parts(human.size() + ai_parts);
  Score heard = score;
  heard.parts.clear();
  for (const std::size_t part : human) {
    if (score.parts[part].notes.empty()) {
      return Error{Errc::invalid_input,
                   "part '" + score.parts[part].name + "' has no notes to accompany"};
    }
    heard.parts.push_back(score.parts[part]);
  }
  return heard;
}

tokens::Header duet_header(const GridScore& grid, std::span<const AiPart> ai, tokens::Style style) {
  const std::vector<Role> roles(grid.parts.size(), Role::human);
  tokens::Header header = tokens::header_of(grid, roles, style);
  for (const AiPart& part : ai)
    header.slots.push_back({Role::ai, part.instrument, part.density, part.polyphony,
                            part.keeps_density, part.keeps_polyphony, part.difficulty});
  return header;
}

Result<Performance> accompany(EventModel& model, const Score& score,
                              std::span<const std::size_t> human, std::span<const AiPart> ai,
                              tokens::Style style, const Sampling& sampling,
                              const Progress& progress, int candidates) {
  ANTIPHON_CHECK(check(sampling));
  if (candidates < 1 || candidates > 64) {
    return Error{Errc::invalid_input,
                 "candidates must be 1 to 64, got " + std::to_string(candidates)};
  }
  Performance performance;
  ANTIPHON_TRY(performance.score, human_score(score, human, ai.size()));
  const GridScore grid = tokens::quantize(performance.score);
  const std::vector<Role> roles(human.size(), Role::human);

  const std::vector<TimedEvent> heard = human_events(grid, roles);
  Partner partner(model, duet_header(grid, ai, style), 0, sampling);
  Accompaniment accompaniment(partner, heard, human.size() + ai.size(), grid.meters);
  const double end = std::max(1, grid.end());
  const auto go_on = [&](std::int32_t at) {
    performance.stopped = progress && !progress(at / end);
    return !performance.stopped;
  };
  if (candidates > 1) {
    accompaniment.play_knowing(candidates, sampling.seed, go_on);
  } else if (sampling.futures > 1) {
    accompaniment.play_foreseeing(sampling.futures, go_on);
  } else {
    accompaniment.play(go_on);
  }

  for (std::size_t i = 0; i < ai.size(); ++i) {
    music::Part part;
    part.name = ai_part_name(ai[i].instrument);
    part.drums = ai[i].instrument == tokens::instrument_drums;
    part.program = static_cast<std::uint8_t>(part.drums ? 0 : ai[i].instrument);
    part.velocities_known = true;
    part.notes = accompaniment.take_notes(human.size() + i);
    performance.score.parts.push_back(std::move(part));
  }
  performance.note_times = partner.note_times();
  performance.imagined = partner.imagined();
  return performance;
}

Result<Performance> continue_score(EventModel& model, const Score& score, int bars,
                                   tokens::Style style, const Sampling& sampling,
                                   const Progress& progress, std::optional<music::Key> key) {
  ANTIPHON_CHECK(check(sampling));
  if (bars < 1 || bars > 1000) {
    return Error{Errc::invalid_input, "bars must be 1 to 1000, got " + std::to_string(bars)};
  }
  const auto bars_before = music::bars_of(score);
  if (bars_before.empty()) return Error{Errc::invalid_input, "there are no notes to go on from"};

  Performance performance;
  performance.score = score;
  Score heard = score;
  std::erase_if(heard.parts, [](const music::Part& part) { return part.notes.empty(); });
  if (heard.parts.size() > tokens::max_slots) return too_many_parts(heard.parts.size());
  const GridScore grid = tokens::quantize(heard);
  const std::vector<Role> roles(grid.parts.size(), Role::ai);

  const music::Bar last = bars_before.back();
  const auto from =
      static_cast<std::int32_t>((last.start + last.meter.bar()).count / ticks_per_step);
  const auto bar = static_cast<std::int32_t>(last.meter.bar().count / ticks_per_step);
  tokens::Header header = tokens::header_of(grid, roles, style);
  if (key) {
    std::erase_if(header.keys, [from](const auto& change) { return change.at >= from; });
    header.keys.push_back({from, *key});
    header.keeps_key = true;
  }
  Partner partner(model, std::move(header), 0, sampling);
  std::vector<TimedEvent> heard_events;
  for (std::int32_t now = 0; const tokens::Event& event : tokens::encode(grid, roles)) {
    now += event.shift;
    // Waits come by themselves, and it doesn't end here after all.
    if (event.type == tokens::EventType::note || event.type == tokens::EventType::tie)
      heard_events.push_back({now, event});
  }
  partner.rewrite(heard_events, grid.end());
  partner.set_last_end(from + bars * bar);
  Parts played(roles.size());
  for (int i = 0; i < bars && !performance.stopped; ++i) {
    add(partner.play(from + (i + 1) * bar - 1), played,
        [](int velocity, std::int32_t) { return tokens::velocity_of_class(velocity); });
    performance.stopped = progress && !progress((i + 1.0) / bars);
  }

  std::size_t slot = 0;
  for (music::Part& part : performance.score.parts) {
    if (part.notes.empty()) continue;
    for (const music::Note& note : played[slot++]) {
      part.velocities_known |= note.velocity != music::Note::default_velocity;
      part.notes.push_back(note);
    }
  }
  performance.note_times = partner.note_times();
  return performance;
}

}  // namespace antiphon::generate
