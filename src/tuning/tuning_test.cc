// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "generate/noisy_model.h"
#include "train/dataset.h"
#include "tuning/key_jump.h"
#include "tuning/roll_in.h"

namespace antiphon::tuning {
namespace {

using testing::Each;
using testing::Gt;
using tokens::Event;
using tokens::EventType;

// Forty bars of a melody in quarters over a chord a bar.
train::Piece piece() {
  train::Piece piece;
  piece.score.meters = {{0, {}}};
  piece.score.parts = {{"voice", 52, false, {}}, {"piano", 0, false, {}}};
  for (std::int32_t bar = 0; bar < 40; ++bar) {
    for (std::int32_t quarter = 0; quarter < 4; ++quarter) {
      piece.score.parts[0].notes.push_back(
          {bar * 48 + quarter * 12, 12, static_cast<std::uint8_t>(72 + (bar + quarter) % 5), 9});
    }
    for (const int third : {0, 4, 7}) {
      piece.score.parts[1].notes.push_back(
          {bar * 48, 48, static_cast<std::uint8_t>(48 + bar % 2 * 5 + third), 0});
    }
  }
  return piece;
}

// The piece with the voice, the piano or both played by humans.
train::Excerpt excerpt(tokens::Role voice, tokens::Role piano) {
  const train::Piece written = piece();
  const std::vector<tokens::Role> roles = {voice, piano};
  return {tokens::header_of(written.score, roles, tokens::Style::unknown),
          0,
          tokens::encode(written.score, roles),
          {}};
}

train::Excerpt lived(const train::Excerpt& real, std::uint64_t seed) {
  generate::NoisyModel player(4000);
  Random random(seed);
  return RollIn(player, {})(real, random);
}

// The first seed whose life isn't the excerpt as it is written.
std::uint64_t changing_seed(const train::Excerpt& real) {
  std::uint64_t seed = 1;
  while (lived(real, seed).given.empty()) ++seed;
  return seed;
}

tokens::GridScore notes_of(const train::Excerpt& excerpt) {
  tokens::GridScore score;
  score.parts.resize(2);
  EXPECT_TRUE(tokens::decode(excerpt.events, excerpt.from, score));
  return score;
}

class RolledIn : public testing::Test {
 protected:
  train::Excerpt real_ = excerpt(tokens::Role::human, tokens::Role::ai);
  std::uint64_t seed_ = changing_seed(real_);
  train::Excerpt lived_ = lived(real_, seed_);
};

TEST_F(RolledIn, ThePlayersNotesStayButForTheirLoudness) {
  auto written = notes_of(real_).parts[0].notes;
  for (auto& note : written) note.velocity = 0;
  EXPECT_EQ(notes_of(lived_).parts[0].notes, written);
}

TEST_F(RolledIn, WhatIsGivenWasPlayedAndTheRestIsWritten) {
  ASSERT_EQ(lived_.given.size(), lived_.events.size());
  const auto written = notes_of(real_).parts[1].notes;
  std::int32_t now = 0;
  int given = 0, learned = 0;
  std::array<int, 2> onsets{};  // Of the player, by whether they are given.
  for (std::size_t i = 0; i < lived_.events.size(); ++i) {
    const Event& event = lived_.events[i];
    now += event.shift;
    if (event.type == EventType::onset) ++onsets[lived_.given[i]];
    if (event.type != EventType::note) continue;
    const tokens::GridNote note{now, event.duration, event.pitch, event.velocity};
    const bool as_written = std::find(written.begin(), written.end(), note) != written.end();
    ++(lived_.given[i] ? given : learned);
    EXPECT_TRUE(lived_.given[i] || as_written) << now;
  }
  EXPECT_THAT(given, Gt(10));
  EXPECT_THAT(learned, Gt(10));
  EXPECT_THAT(onsets, Each(Gt(10)));
}

TEST_F(RolledIn, NoNoteMeetsAnotherOfItsPitch) {
  std::array<std::int32_t, 128> ends{};
  std::int32_t now = 0;
  for (const Event& event : lived_.events) {
    now += event.shift;
    if (event.type == EventType::note) {
      EXPECT_LE(ends[event.pitch], now);
    } else if (event.type == EventType::tie) {
      EXPECT_EQ(ends[event.pitch], now);
    }
    if (event.duration > 0) ends[event.pitch] = now + event.duration;
  }
}

TEST_F(RolledIn, IsTheSameForTheSameSeed) {
  EXPECT_EQ(lived(real_, seed_).events, lived_.events);
  EXPECT_NE(lived(real_, seed_ + 1).events, lived_.events);
}

TEST_F(RolledIn, OnlyWhatIsNotGivenIsLearned) {
  train::Batch batch;
  batch.sequences = 1;
  batch.length = 4000;
  train::append(lived_, batch);
  EXPECT_EQ(batch.events(),
            static_cast<std::size_t>(std::count(lived_.given.begin(), lived_.given.end(), false)));
  EXPECT_EQ(batch.input.size(), lived_.steps());
}

TEST(RollIn, EndsWithThePlayersContext) {
  const train::Excerpt real = excerpt(tokens::Role::human, tokens::Role::ai);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    generate::NoisyModel player(64);
    Random random(seed);
    const train::Excerpt lived = RollIn(player, {})(real, random);
    EXPECT_EQ(notes_of(lived).parts[0].notes.size(), notes_of(real).parts[0].notes.size());
  }
}

TEST(RollIn, LeavesMusicWithoutAnAiPartAlone) {
  const train::Excerpt real = excerpt(tokens::Role::human, tokens::Role::human);
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(lived(real, seed).events, real.events);
}

TEST(KeyJump, EverybodyMovesTogetherAndTheKeyFollowsOrStays) {
  train::Excerpt real = excerpt(tokens::Role::human, tokens::Role::ai);
  real.header.keys = {{0, {}}};
  const auto written = notes_of(real);
  std::set<int> by, told_after;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const train::Excerpt moved = KeyJump(1)(real, random);
    if (moved.given.empty()) continue;  // It can't be: a pitch would meet itself.
    const auto played = notes_of(moved);
    std::int32_t jump = INT32_MAX;
    std::set<int> steps;
    for (std::size_t part = 0; part < 2; ++part) {
      const auto& before = written.parts[part].notes;
      const auto& after = played.parts[part].notes;
      ASSERT_EQ(before.size(), after.size());
      for (std::size_t i = 0; i < before.size(); ++i) {
        ASSERT_EQ(before[i].onset, after[i].onset);
        const int step = after[i].pitch - before[i].pitch;
        if (step != 0) steps.insert(step), jump = std::min(jump, before[i].onset);
      }
    }
    ASSERT_EQ(steps.size(), 1U);
    by.insert(*steps.begin());
    EXPECT_GE(jump, 40 * 48 / 4);
    EXPECT_LE(jump, 40 * 48 * 3 / 4 + 12);
    for (std::size_t part = 0; part < 2; ++part) {
      for (std::size_t i = 0; i < written.parts[part].notes.size(); ++i) {
        const tokens::GridNote& note = written.parts[part].notes[i];
        EXPECT_EQ(played.parts[part].notes[i].pitch - note.pitch,
                  note.onset >= jump ? *steps.begin() : 0);
      }
    }
    if (moved.header.keys.size() == 1) continue;
    ASSERT_EQ(moved.header.keys.size(), 2U);
    EXPECT_EQ(moved.header.keys[1].value, music::transposed({}, *steps.begin()));
    told_after.insert((moved.header.keys[1].at - jump) / 12);
  }
  EXPECT_EQ(by.size(), 12U);
  EXPECT_EQ(*told_after.begin(), 0);
  EXPECT_EQ(*told_after.rbegin(), 8);
}

}  // namespace
}  // namespace antiphon::tuning
