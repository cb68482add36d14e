// SPDX-License-Identifier: Apache-2.0
#include "music/quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

using testing::ElementsAre;

Part part_of(std::string name, int pitch, int quarters = 8) {
  Part part;
  part.name = std::move(name);
  for (int quarter = 0; quarter < quarters; ++quarter) {
    part.notes.push_back(
        {Ticks::quarters(quarter), Ticks::quarters(1), static_cast<std::uint8_t>(pitch)});
  }
  return part;
}

Score score_of(std::vector<Part> parts) {
  Score score;
  score.parts = std::move(parts);
  return score;
}

TEST(Roles, AiPartsAccompanyAndOtherHumanPartsDont) {
  const Roles roles = roles_of(score_of({part_of("Antiphon: Flute", 90), part_of("Piano", 60),
                                         part_of("Voice", 60), part_of("Antiphon: Bass", 40)}));
  EXPECT_EQ(roles.melody, 2u);
  EXPECT_THAT(roles.accompaniment, ElementsAre(0, 3));
}

TEST(Roles, WithoutAiPartsAllPitchedOthersAccompany) {
  Score score = score_of({part_of("Piano", 60), part_of("Voice", 60), part_of("Kit", 40)});
  score.parts[2].drums = true;
  EXPECT_THAT(roles_of(score).accompaniment, ElementsAre(0));
  EXPECT_THAT(roles_of(score, 0).accompaniment, ElementsAre(1));
}

TEST(Quality, AScoreWithoutPartsIsNoProblem) {
  EXPECT_EQ(quality_of(Score{}, roles_of(Score{})).notes, 0u);
}

TEST(Quality, TheAccompanimentHasNoSayInTheKey) {
  Part melody;
  melody.name = "Voice";
  int quarter = 0;
  for (const int pitch : {60, 62, 64, 65, 67, 69, 71, 72}) {
    melody.notes.push_back(
        {Ticks::quarters(quarter++), Ticks::quarters(1), static_cast<std::uint8_t>(pitch)});
  }
  const Score score = score_of({melody, part_of("Antiphon: Piano", 66, 80)});
  const Quality quality = quality_of(score, roles_of(score));
  EXPECT_EQ(quality.key, (Key{0, Mode::major}));
  EXPECT_FALSE(quality.key_given);
  EXPECT_EQ(quality.key_agreement, 0);
}

TEST(Quality, AnAiPartThatPlaysOnAfterTheMelodyIsAtFaultAndAPersonIsnt) {
  Score score = score_of({part_of("Voice", 60, 4), part_of("Antiphon: Piano", 55, 6)});
  EXPECT_EQ(quality_of(score, roles_of(score)).faults.past_end, 2);
  score.parts[1].name = "Piano";
  EXPECT_EQ(quality_of(score, roles_of(score)).faults.total(), 0);
}

TEST(Distance, AScoreIsAtNoDistanceFromItself) {
  const Score score = score_of({part_of("Voice", 60), part_of("Piano", 55)});
  const Histograms histograms = histograms_of(score, roles_of(score), end_of(score));
  const Distance distance = distance_of(histograms, histograms);
  EXPECT_NEAR(*distance.pitch, 0, 1e-12);
  EXPECT_NEAR(*distance.onset, 0, 1e-12);
  EXPECT_NEAR(*distance.bar, 0, 1e-12);
}

TEST(Distance, AnOctaveIsADistanceOfPitchesButNotOfPitchClasses) {
  const Score low = score_of({part_of("Voice", 72), part_of("Piano", 48)});
  const Score high = score_of({part_of("Voice", 72), part_of("Piano", 60)});
  const Distance distance = distance_of(histograms_of(low, roles_of(low), end_of(low)),
                                        histograms_of(high, roles_of(high), end_of(high)));
  EXPECT_GT(*distance.pitch, 0.5);
  EXPECT_NEAR(*distance.pitch_class, 0, 1e-12);
}

}  // namespace
}  // namespace antiphon::music
