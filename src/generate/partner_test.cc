// SPDX-License-Identifier: Apache-2.0
#include "generate/partner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "generate/noisy_model.h"
#include "music/instruments.h"

namespace antiphon::generate {
namespace {

using tokens::GridNote;
using tokens::GridScore;
using tokens::Role;

// A melody in part 0; parts 1 (piano) and 2 (bass) are to be played.
GridScore melody(std::uint64_t seed, int notes = 60) {
  Random random(seed);
  GridScore score;
  score.meters = {{0, music::Meter()}};
  score.parts.resize(3);
  score.parts[2].program = 32;
  std::int32_t at = 0;
  for (int i = 0; i < notes; ++i) {
    const auto length = static_cast<std::int32_t>(1 + random.below(i == 20 ? 500 : 12));
    score.parts[0].notes.push_back(
        {at, length, static_cast<std::uint8_t>(60 + random.below(20)), 0});
    at += length + static_cast<std::int32_t>(random.below(i == 40 ? 500 : 4));
  }
  return score;
}

const std::vector<Role> roles = {Role::human, Role::ai, Role::ai};

// `events` with shifts of their own, waits where the shifts are too long.
void put(TimedEvent next, std::int32_t& now, std::vector<tokens::Event>& events) {
  for (; next.at - now > tokens::max_shift; now += tokens::max_shift)
    events.push_back({tokens::EventType::wait, tokens::max_shift});
  next.event.shift = static_cast<std::uint8_t>(next.at - now);
  now = next.at;
  events.push_back(next.event);
}

std::vector<std::vector<GridNote>> notes_of(const std::vector<tokens::Event>& events) {
  GridScore score;
  score.parts.resize(3);
  EXPECT_TRUE(tokens::decode(events, 0, score));
  std::vector<std::vector<GridNote>> parts;
  for (const auto& part : score.parts) parts.push_back(part.notes);
  return parts;
}

std::vector<std::vector<GridNote>> accompany(const GridScore& score, std::uint64_t seed,
                                             std::size_t capacity = 512, double top_p = 1.0) {
  NoisyModel model(capacity);
  Partner partner(model, header_of(score, roles, tokens::Style::song), 0, {1.0, top_p, seed});
  std::vector<tokens::Event> played;
  std::int32_t now = 0;
  for (const TimedEvent& human : human_events(score, roles)) {
    for (const TimedEvent& event : partner.play(human.at)) put(event, now, played);
    partner.hear(human);
  }
  return notes_of(played);
}

TEST(Partner, PlaysOnlyWhatCanBe) {
  std::size_t notes_played = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto played = accompany(melody(seed), seed);
    EXPECT_TRUE(played[0].empty());
    for (std::size_t slot : {1u, 2u}) {
      std::array<std::int32_t, 128> sounds_until{};
      const auto range = music::range_of(slot == 2 ? 32 : 0);
      for (std::size_t i = 0; i < played[slot].size(); ++i) {
        const GridNote& note = played[slot][i];
        ASSERT_TRUE(range.holds(note.pitch));
        ASSERT_GE(note.duration, 1);
        ASSERT_GE(note.onset, sounds_until[note.pitch]) << "overlap";
        sounds_until[note.pitch] = note.end();
        if (i > 0) {
          ASSERT_TRUE(comes_before(played[slot][i - 1], note));
        }
      }
      notes_played += played[slot].size();
    }
  }
  EXPECT_GT(notes_played, 400u);
}

TEST(Partner, KnowsNothingOfWhatTheHumanWillPlay) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const GridScore score = melody(seed);
    GridScore other = score;
    auto& notes = other.parts[0].notes;
    const std::int32_t cut = notes[30].onset;
    std::erase_if(notes, [&](const GridNote& note) { return note.onset >= cut; });
    notes.push_back({cut + 7, 3, 90, 0});
    auto before = accompany(score, seed), after = accompany(other, seed);
    for (std::size_t slot : {1u, 2u}) {
      const auto later = [&](const GridNote& note) { return note.onset > cut; };
      std::erase_if(before[slot], later);
      std::erase_if(after[slot], later);
      EXPECT_FALSE(before[slot].empty());
      EXPECT_EQ(before[slot], after[slot]) << "seed " << seed;
    }
  }
}

TEST(Partner, TheSameSeedPlaysTheSame) {
  EXPECT_EQ(accompany(melody(3), 7, 512, 0.9), accompany(melody(3), 7, 512, 0.9));
  EXPECT_NE(accompany(melody(3), 7), accompany(melody(3), 8));
}

TEST(Partner, GoesOnWhenTheContextIsFull) {
  const auto played = accompany(melody(1, 400), 1, 64);
  EXPECT_GT(played[1].back().onset, 1000);
}

TEST(Partner, AnotherStyleIsAsIfItHadBeenSoFromTheStart) {
  const GridScore score = melody(3);
  const auto heard = human_events(score, roles);
  const auto drafted = [&](tokens::Style first, tokens::Style then) {
    NoisyModel model(512);
    Partner partner(model, header_of(score, roles, first), 0, {1.0, 1.0, 1});
    partner.rewrite(std::span(heard).first(10), heard[10].at);
    partner.control({Control::Kind::style, value_of(then)});
    partner.rewrite(std::span(heard).first(12), heard[12].at);
    partner.begin_anew(1);
    const auto events = partner.play(heard[12].at + 240);
    return std::vector(events.begin(), events.end());
  };
  using tokens::Style;
  const auto changed = drafted(Style::song, Style::drums);
  ASSERT_FALSE(changed.empty());
  EXPECT_EQ(changed, drafted(Style::drums, Style::drums));
  EXPECT_NE(changed, drafted(Style::song, Style::song));
}

TEST(Partner, NothingSoundsBeyondTheLastEnd) {
  GridScore score = melody(5);
  score.parts[0].notes.clear();
  NoisyModel model(512);
  Partner partner(model, header_of(score, roles, tokens::Style::song), 0, {});
  partner.set_last_end(96);
  std::int32_t end = 0;
  for (const auto& [at, event] : partner.play(200)) end = std::max(end, at + event.duration);
  EXPECT_GT(end, 60);
  EXPECT_LE(end, 96);
}

TEST(Partner, WhoWasAskedToPlayDoesNotRestForEver) {
  GridScore score;
  score.meters = {{0, music::Meter()}};
  score.parts.resize(2);
  for (std::int32_t at = 0; at < 4800; at += 12) score.parts[0].notes.push_back({at, 12, 60, 0});
  const std::vector<Role> duet = {Role::human, Role::ai};
  for (const int density : {0, 5}) {
    // A model that never says anything but that the human plays on.
    NoisyModel model(512, tokens::field_voice, 0);
    tokens::Header header = header_of(score, duet, tokens::Style::song);
    header.slots[1].density = density;
    Partner partner(model, header, 0, {});
    std::int32_t last = 0, longest = 0;
    std::size_t notes = 0;
    for (const TimedEvent& human : human_events(score, duet)) {
      for (const auto& [at, event] : partner.play(human.at)) {
        longest = std::max(longest, at - last);
        last = std::max(last, at + event.duration);
        ++notes;
      }
      partner.hear(human);
    }
    if (density == 0) {
      EXPECT_EQ(notes, 0u);
    } else {
      EXPECT_GT(notes, 20u);
      EXPECT_LE(longest, 96 + 48);
    }
  }
}

// What a partner would play next, and what its model was told to know it.
std::vector<TimedEvent> next_of(Partner& partner, std::int32_t until) {
  const auto events = partner.play(until);
  return {events.begin(), events.end()};
}

TEST(Partner, ARewrittenPastIsThePastForTheModel) {
  const GridScore score = melody(9);
  const auto heard = human_events(score, roles);
  const auto header = header_of(score, roles, tokens::Style::song);
  const std::span all(heard);
  const std::int32_t from = heard[40].at;

  NoisyModel straight_model(512), detour_model(512);
  Partner straight(straight_model, header, 0, {0.0});
  straight.rewrite(all.first(40), from);
  Partner detour(detour_model, header, 0, {0.0});
  detour.rewrite(all.first(20), heard[20].at);
  detour.play(heard[20].at + 200, heard[20].at);
  detour.rewrite(all.first(30), heard[30].at);
  detour.settle(heard[10].at);
  detour.play(heard[30].at + 50, heard[30].at);
  std::vector<TimedEvent> rest(all.begin(), all.begin() + 40);
  std::erase_if(rest, [&](const TimedEvent& event) { return event.at < heard[10].at; });
  detour.rewrite(rest, from);
  const std::size_t fed = detour_model.fed();

  EXPECT_EQ(next_of(straight, from + 100), next_of(detour, from + 100));
  detour.rewrite(rest, from);
  EXPECT_LT(detour_model.fed() - fed, 60u) << "what stands isn't told again";
}

TEST(Partner, AHumanPartThatHoldsEveryKeyIsImaginedToPressNone) {
  NoisyModel model(512, tokens::field_voice, 0);  // Wants nothing but the human's onsets.
  Partner partner(model, header_of(melody(1), roles, tokens::Style::song), 0, {});
  for (int pitch = 0; pitch < 128; ++pitch) {
    TimedEvent key;
    key.event.type = tokens::EventType::onset;
    key.event.pitch = static_cast<std::uint8_t>(pitch);
    partner.hear(key);
  }
  partner.play(24, 1);  // Keys beyond the 128th would be out of all tables.
}

TEST(Partner, ImaginedHumansFollowTheirPartsOrder) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    NoisyModel model(512);
    Partner partner(model, header_of(melody(1), roles, tokens::Style::song), 0, {1.0, 1.0, seed});
    std::vector<tokens::Event> events;
    std::int32_t now = 0;
    for (const TimedEvent& event : partner.play(400, 0)) put(event, now, events);
    const auto parts = notes_of(events);
    EXPECT_TRUE(parts[0].empty()) << "imagined notes aren't played";
    EXPECT_GT(parts[1].size() + parts[2].size(), 5u);
  }
}

TEST(Sampler, DrawsFromTheAllowedClassesByTheirProbability) {
  const std::vector<float> logits = {0.0f, 5.0f, std::log(3.0f), 1.0f};
  Sampler sampler({1.0, 1.0, 11}, 4);
  std::array<int, 4> counts{};
  for (int i = 0; i < 10000; ++i) {
    ++counts[static_cast<std::size_t>(
        sampler.draw(logits, [](int c) { return c == 0 || c == 2; }))];
  }
  EXPECT_EQ(counts[1] + counts[3], 0);
  EXPECT_NEAR(counts[2], 7500, 5 * std::sqrt(10000 * 0.75 * 0.25));  // False alarm: below 1e-6.
}

TEST(Sampler, TopPLeavesTheUnlikelyOut) {
  const std::vector<float> logits = {std::log(0.6f), std::log(0.3f), std::log(0.1f)};
  Sampler sampler({1.0, 0.85, 1}, 3);
  for (int i = 0; i < 1000; ++i) EXPECT_NE(sampler.draw(logits, [](int) { return true; }), 2);
}

TEST(Sampler, NothingAllowedDrawsNothing) {
  Sampler sampler({}, 3);
  EXPECT_EQ(sampler.draw(std::vector<float>(3), [](int) { return false; }), -1);
}

TEST(Sampler, RefusesNumbersOutOfRange) {
  EXPECT_EQ(check({std::nan(""), 1.0, 1}).error().code, Errc::invalid_input);
  EXPECT_FALSE(check({1.0, 0.0, 1}).ok());
  EXPECT_TRUE(check({0.0, 1.0, 1}).ok());
}

}  // namespace
}  // namespace antiphon::generate
