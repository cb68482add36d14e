// SPDX-License-Identifier: Apache-2.0
#include "music/melody.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

/// `bars` bars of quarters; each quarter has the given pitches.
Part part_of(std::string name, std::initializer_list<int> pitches, int bars = 4) {
  Part part;
  part.name = std::move(name);
  for (int quarter = 0; quarter < 4 * bars; ++quarter) {
    for (const int pitch : pitches) {
      part.notes.push_back(
          {Ticks::quarters(quarter), Ticks::quarters(1), static_cast<std::uint8_t>(pitch)});
    }
  }
  return part;
}

Score score_of(std::vector<Part> parts) {
  Score score;
  score.parts = std::move(parts);
  return score;
}

TEST(Melody, TheSungPartIsIt) {
  Score score = score_of({part_of("", {72}), part_of("", {60})});
  score.parts[1].lyrics = {{Ticks{0}, 1, "la"}};
  EXPECT_EQ(most_melodic_part(score), 1u);
}

TEST(Melody, ANameSaysSo) {
  EXPECT_EQ(most_melodic_part(score_of({part_of("Piano", {67}), part_of("Singstimme", {64})})), 1u);
}

TEST(Melody, OneNoteAtATimeIsMoreLikeOneThanChords) {
  EXPECT_EQ(most_melodic_part(score_of({part_of("", {64, 67, 72}), part_of("", {66})})), 1u);
}

TEST(Melody, TheHigherOfTwoLinesIsIt) {
  EXPECT_EQ(most_melodic_part(score_of({part_of("", {43}), part_of("", {67})})), 1u);
}

TEST(Melody, AFewHighNotesAreNot) {
  EXPECT_EQ(most_melodic_part(score_of({part_of("", {67}, 40), part_of("", {72}, 1)})), 0u);
}

TEST(Melody, DrumsAreNot) {
  Score score = score_of({part_of("", {100}), part_of("", {48, 55})});
  score.parts[0].drums = true;
  EXPECT_EQ(most_melodic_part(score), 1u);
}

TEST(Melody, AnEmptyPartIsNot) {
  EXPECT_EQ(most_melodic_part(score_of({part_of("Melody", {}), part_of("Bass", {40})})), 1u);
}

TEST(Melody, PartsAreFoundByNumberNameAndStartOfName) {
  const Score score = score_of({part_of("Voice", {60}), part_of("Piano", {60})});
  EXPECT_EQ(*find_part(score, "2"), 1u);
  EXPECT_EQ(*find_part(score, "PIANO"), 1u);
  EXPECT_EQ(*find_part(score, "vo"), 0u);
}

TEST(Melody, AnExactNameWinsOverLongerOnes) {
  const Score score = score_of({part_of("Violin II", {60}), part_of("Violin", {60})});
  EXPECT_EQ(*find_part(score, "violin"), 1u);
}

TEST(Melody, APartThatIsNotThereListsThoseThatAre) {
  const auto part = find_part(score_of({part_of("Voice", {60}), part_of("", {60})}), "oboe");
  ASSERT_FALSE(part);
  EXPECT_EQ(part.error().message, "there is no part \"oboe\"; the parts are 1 (Voice), 2");
}

TEST(Melody, AStartThatFitsSeveralIsRefused) {
  const auto part =
      find_part(score_of({part_of("Violin I", {60}), part_of("Violin II", {60})}), "vio");
  ASSERT_FALSE(part);
  EXPECT_THAT(part.error().message, testing::StartsWith("several parts start with \"vio\""));
}

TEST(Melody, NumbersOutsideAreRefused) {
  const Score score = score_of({part_of("Voice", {60})});
  EXPECT_FALSE(find_part(score, "0"));
  EXPECT_FALSE(find_part(score, "2"));
  EXPECT_FALSE(find_part(score, "99999999999999999999999"));
  EXPECT_FALSE(find_part(score, ""));
}

}  // namespace
}  // namespace antiphon::music
