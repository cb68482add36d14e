// SPDX-License-Identifier: Apache-2.0
#include "tuning/roll_in.h"

#include <algorithm>
#include <array>
#include <vector>

#include "generate/partner.h"

namespace antiphon::tuning {
namespace {

using generate::TimedEvent;
using tokens::Event;
using tokens::EventType;

constexpr double share_lived = 0.5;
constexpr int shortest = 2, longest_written = 16, longest_played = 12;  // Quarters.

bool of_human(const Event& event) {
  return event.type == EventType::onset || event.type == EventType::release;
}
bool of_ai(const Event& event) {
  return event.type == EventType::note || event.type == EventType::tie;
}

// Steps of a stretch.
std::int32_t draw_length(int longest, Random& random) {
  const auto quarters =
      shortest + static_cast<int>(random.below(static_cast<std::uint64_t>(longest - shortest + 1)));
  return quarters * tokens::steps_per_quarter;
}

struct Written : TimedEvent {
  bool given = false;
};

// With their times, without waits.
std::vector<Written> timed(const train::Excerpt& excerpt) {
  std::vector<Written> events;
  std::int32_t now = excerpt.from;
  for (std::size_t i = 0; i < excerpt.events.size(); ++i) {
    const Event& event = excerpt.events[i];
    now += event.shift;
    if (event.type == EventType::wait) continue;
    events.push_back({{now, event}, !excerpt.given.empty() && excerpt.given[i]});
    if (event.type == EventType::onset) events.back().event.velocity = 0;
  }
  return events;
}

// What became of an excerpt so far: each event, and whether it is given.
class Life {
 public:
  explicit Life(std::int32_t from) : from_(from) {}

  void add(const TimedEvent& next, bool given) {
    // A written note may meet a played one of its pitch, and a tie may have lost its note. That
    // something else comes instead is nothing to learn.
    if (of_ai(next.event)) {
      std::int32_t& end = ends_[next.event.slot][next.event.pitch];
      const bool fits = next.event.type == EventType::tie ? end == next.at : end <= next.at;
      if (!fits) {
        lost_ = true;
        return;
      }
      end = next.at + next.event.duration;
    }
    const std::int32_t gap = next.at - (events_.empty() ? from_ : events_.back().at);
    steps_ += 1 + static_cast<std::size_t>(std::max(0, gap - 1) / tokens::max_shift);
    events_.push_back(next);
    given_.push_back(given || lost_);
    lost_ = false;
  }

  const std::vector<TimedEvent>& events() const { return events_; }
  /// Model steps, waits included.
  std::size_t steps() const { return steps_; }

  // With the waits that its shifts need.
  train::Excerpt excerpt(const train::Excerpt& real) const {
    train::Excerpt out{real.header, real.from, {}, {}};
    std::int32_t now = real.from;
    const auto push = [&](Event event, std::int32_t shift, bool given) {
      event.shift = static_cast<std::uint8_t>(shift);
      out.events.push_back(event);
      out.given.push_back(given);
      now += shift;
    };
    for (std::size_t i = 0; i < events_.size(); ++i) {
      while (events_[i].at - now > tokens::max_shift)
        push({EventType::wait}, tokens::max_shift, given_[i]);
      push(events_[i].event, events_[i].at - now, given_[i]);
    }
    return out;
  }

 private:
  std::int32_t from_;
  std::size_t steps_ = 0;
  bool lost_ = false;  // A written event, just now.
  std::vector<TimedEvent> events_;
  std::vector<bool> given_;
  std::array<std::array<std::int32_t, 128>, tokens::max_slots> ends_{};
};

}  // namespace

train::Excerpt RollIn::operator()(const train::Excerpt& real, Random& random) {
  const auto written = timed(real);
  const bool plays = std::any_of(written.begin(), written.end(),
                                 [](const TimedEvent& next) { return of_ai(next.event); });
  if (!plays || random.uniform() >= share_lived) return real;

  player_.rewind(0);
  generate::Sampling sampling = sampling_;
  sampling.seed = random.bits();
  generate::Partner partner(player_, real.header, real.from, sampling);
  Life life(real.from);
  // A partner whose context was full has forgotten the beginning.
  const std::size_t room = player_.capacity() - 1 - real.header.slots.size();
  auto next = written.begin();
  std::int32_t until = real.from;
  while (next != written.end()) {
    until += draw_length(longest_written, random);
    for (; next != written.end() && next->at < until; ++next) life.add(*next, next->given);
    if (next == written.end() || next->event.type == EventType::end) break;
    if (life.steps() >= room) break;
    partner.rewrite(life.events(), until);
    until += draw_length(longest_played, random);
    const auto play = [&](std::int32_t last) {
      for (const TimedEvent& own : partner.play(last)) life.add(own, true);
    };
    for (; next != written.end() && next->at < until; ++next) {
      if (!of_human(next->event)) continue;
      play(next->at);
      // People didn't answer this: learned, it would loosen the tie between the parts.
      life.add(*next, true);
      partner.hear(*next);
    }
    play(until - 1);
  }
  for (; next != written.end(); ++next) life.add(*next, next->given);
  return life.excerpt(real);
}

}  // namespace antiphon::tuning
