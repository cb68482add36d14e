// SPDX-License-Identifier: Apache-2.0
#include "music/difficulty.h"

#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

constexpr std::int64_t quarter = Ticks::per_quarter;

/// In C major and 4/4.
int level_of(std::vector<Note> notes, bool drums = false) {
  Score score;
  score.meters = {{{0}, Meter()}};
  score.keys = {{{0}, Key()}};
  Part part;
  part.drums = drums;
  part.notes = std::move(notes);
  return difficulty_of(score, part);
}

Note note(double at, double quarters, int pitch) {
  return {{static_cast<std::int64_t>(at * quarter)},
          {static_cast<std::int64_t>(quarters * quarter)},
          static_cast<std::uint8_t>(pitch)};
}

TEST(Difficulty, EachCriterionRaisesTheLevel) {
  EXPECT_EQ(level_of({}), 1);
  EXPECT_EQ(level_of({note(0, 1, 48), note(0, 1, 72), note(1, 2, 74)}), 1);
  EXPECT_EQ(level_of({note(0, 1, 60), note(0.5, 1, 62)}), 2) << "eighths";
  EXPECT_EQ(level_of({note(0, 1, 60), note(0.25, 1, 62)}), 3) << "sixteenths";
  EXPECT_EQ(level_of({note(0, 1, 60), note(1.0 / 3, 1, 62)}), 3) << "triplets";
  EXPECT_EQ(level_of({note(0, 1, 60), note(0.125, 1, 62)}), 4) << "thirty-seconds";
  EXPECT_EQ(level_of({note(0, 1, 60), note(0, 1, 64), note(0, 1, 67)}), 1) << "a triad";
  EXPECT_EQ(level_of({note(0, 1, 48), note(0, 1, 60), note(0, 1, 64), note(0, 1, 67)}), 2)
      << "four at once";
  EXPECT_EQ(level_of({note(0, 4, 48), note(1, 1, 60), note(1, 1, 64), note(2, 1, 67)}), 1)
      << "no more than three at a time";
  EXPECT_EQ(level_of({note(0, 1, 60), note(1, 1, 61)}), 3) << "a note out of the key";
  EXPECT_EQ(level_of({note(0, 1, 36), note(0, 1, 48), note(0, 1, 60), note(0, 1, 76)}), 4)
      << "a hand can't span from 60 to 76";
}

TEST(Difficulty, DrumsHaveNoKeyAndNoStretch) {
  EXPECT_EQ(level_of({note(0, 1, 37), note(0, 1, 82)}, true), 1);
  EXPECT_EQ(level_of({note(0, 1, 37), note(0.25, 1, 82)}, true), 3);
}

TEST(Difficulty, BeatsAreTheMeters) {
  const Meter six_eight = *Meter::of(6, 8), four_four;
  EXPECT_TRUE(may_begin(1, {quarter * 3 / 2}, six_eight));
  EXPECT_FALSE(may_begin(1, {quarter}, six_eight));
  EXPECT_TRUE(may_begin(2, {quarter}, six_eight));
  EXPECT_FALSE(may_begin(2, {quarter * 3 / 4}, six_eight));
  EXPECT_TRUE(may_begin(3, {quarter * 3 / 4}, six_eight));
  EXPECT_FALSE(may_begin(1, {quarter * 3 / 2}, four_four));
  EXPECT_TRUE(may_begin(1, {quarter}, four_four));
}

TEST(Difficulty, TwoHandsReachTwoGroups) {
  EXPECT_TRUE(within_reach(std::vector<int>{}, 7));
  EXPECT_TRUE(within_reach(std::vector<int>{40, 47, 77, 70}, 7));
  EXPECT_FALSE(within_reach(std::vector<int>{40, 47, 60, 70, 77}, 7));
}

}  // namespace
}  // namespace antiphon::music
