// SPDX-License-Identifier: Apache-2.0
#include "formats/kern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/kern_token.h"

namespace antiphon::formats {
namespace {

using music::Note;
using music::Ticks;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

music::Score score_of(std::string_view text) {
  auto reading = read_kern(as_bytes(text), "song.krn");
  EXPECT_TRUE(reading) << (reading ? "" : reading.error().message);
  return reading ? std::move(reading->score) : music::Score{};
}

std::string error_of(std::string_view text) {
  const auto reading = read_kern(as_bytes(text), "song.krn");
  return reading ? "it was read" : reading.error().message;
}

Note note(double quarters, double length, std::uint8_t pitch) {
  return {Ticks{static_cast<std::int64_t>(quarters * 960)},
          Ticks{static_cast<std::int64_t>(length * 960)}, pitch};
}

double quarters_of(std::string_view text) {
  return static_cast<double>(parse_kern_duration(text).value_or(0)) /
         static_cast<double>(kern_units_per_quarter);
}

TEST(KernToken, LettersAreOctavesAroundMiddleC) {
  EXPECT_EQ(parse_kern_note("4c", 0)->pitch, 60);
  EXPECT_EQ(parse_kern_note("4cc#", 0)->pitch, 73);
  EXPECT_EQ(parse_kern_note("4C", 0)->pitch, 48);
  EXPECT_EQ(parse_kern_note("4BB-", 0)->pitch, 46);
  EXPECT_EQ(parse_kern_note("4fn", 0)->pitch, 65);
}

TEST(KernToken, DurationsAreReciprocal) {
  EXPECT_EQ(quarters_of("4"), 1);
  EXPECT_EQ(quarters_of("8.."), 0.875);
  EXPECT_EQ(quarters_of("0"), 8);
  EXPECT_EQ(quarters_of("00"), 16);
  EXPECT_EQ(quarters_of("3%2"), 8.0 / 3);
  EXPECT_EQ(quarters_of("12") * 3, 1);
}

TEST(KernToken, ATokenWithoutALetterIsNoNote) { EXPECT_FALSE(parse_kern_note("4", 0)); }

TEST(ReadKern, TiesJoinNotesAcrossBars) {
  EXPECT_THAT(score_of("**kern\n*M4/4\n=1\n[1c\n=2\n2c_\n2c]\n=3\n1c\n==\n*-\n").parts.at(0).notes,
              ElementsAre(note(0, 8, 60), note(8, 4, 60)));
}

TEST(ReadKern, SpinesSplitAndJoin) {
  EXPECT_THAT(
      score_of("**kern\n4c\n*^\n2e\t4g\n.\t4a\n*v\t*v\n4c\n*-\n").parts.at(0).notes,
      ElementsAre(note(0, 1, 60), note(1, 2, 64), note(1, 1, 67), note(2, 1, 69), note(3, 1, 60)));
}

TEST(ReadKern, ChordsShareTheirDuration) {
  EXPECT_THAT(score_of("**kern\n2c e g\n*-\n").parts.at(0).notes,
              ElementsAre(note(0, 2, 60), note(0, 2, 64), note(0, 2, 67)));
}

TEST(ReadKern, AGraceNoteTakesItsTimeFromTheNextNote) {
  EXPECT_THAT(score_of("**kern\n8qd\n4c\n*-\n").parts.at(0).notes,
              ElementsAre(note(0, 0.125, 62), note(0.125, 0.875, 60)));
}

TEST(ReadKern, TheHighestPartIsFirst) {
  const auto score = score_of("**kern\t**kern\n*I\"Bass\t*I\"Soprano\n4C\t4cc\n*-\t*-\n");
  ASSERT_EQ(score.parts.size(), 2u);
  EXPECT_EQ(score.parts[0].name, "Soprano");
  EXPECT_EQ(score.parts[1].name, "Bass");
}

TEST(ReadKern, TheStavesOfAKeyboardAreOnePart) {
  const auto score = score_of("**kern\t**kern\n*Ipiano\t*Ipiano\n4C\t4cc\n*-\t*-\n");
  ASSERT_EQ(score.parts.size(), 1u);
  EXPECT_EQ(score.parts[0].notes.size(), 2u);
}

TEST(ReadKern, AKeyHasItsMode) {
  EXPECT_THAT(score_of("**kern\n*k[b-]\n*d:\n4d\n*-\n").keys,
              ElementsAre(music::Change<music::Key>{{}, music::Key{-1, music::Mode::minor}}));
}

TEST(ReadKern, AMeterOfMoreThanAnyoneCountsIsNone) {
  EXPECT_THAT(score_of("**kern\n*M2000000000/0\n=1\n1c\n==\n*-\n").meters, testing::IsEmpty());
}

TEST(ReadKern, AnUpbeatIsABarOfItsOwn) {
  EXPECT_THAT(
      score_of("**kern\n*M3/4\n4g\n=1\n2.c\n==\n*-\n").meters,
      ElementsAre(music::Change<music::Meter>{{}, *music::Meter::of(1, 4)},
                  music::Change<music::Meter>{Ticks::quarters(1), *music::Meter::of(3, 4)}));
}

TEST(ReadKern, SectionsArePlayedInTheirOrder) {
  EXPECT_THAT(score_of("**kern\n*>[A,A,B]\n*>A\n4c\n*>B\n4d\n*-\n").parts.at(0).notes,
              ElementsAre(note(0, 1, 60), note(1, 1, 60), note(2, 1, 62)));
}

TEST(ReadKern, RepeatSignsArePlayed) {
  EXPECT_THAT(
      score_of("**kern\n4c\n=:|!|:\n4d\n=:|!\n4e\n==\n*-\n").parts.at(0).notes,
      ElementsAre(note(0, 1, 60), note(1, 1, 60), note(2, 1, 62), note(3, 1, 62), note(4, 1, 64)));
}

TEST(ReadKern, ARepeatBeginsAtItsStartSign) {
  EXPECT_THAT(score_of("**kern\n4c\n=!|:\n4d\n==:|!\n*-\n").parts.at(0).notes,
              ElementsAre(note(0, 1, 60), note(1, 1, 62), note(2, 1, 62)));
}

TEST(ReadKern, EachTextSpineOfAStaffIsAVerse) {
  EXPECT_THAT(score_of("**kern\t**text\t**text\n4c\tla\tlo\n*-\t*-\t*-\n").parts.at(0).lyrics,
              ElementsAre(music::Lyric{{}, 1, "la"}, music::Lyric{{}, 2, "lo"}));
}

TEST(ReadKern, AnOrderOfThousandsOfSectionsIsNotPlayed) {
  std::string order = "A";
  for (int i = 0; i < 5000; ++i) order += ",A";
  EXPECT_EQ(score_of("**kern\n*>[" + order + "]\n*>A\n4c\n*-\n").parts.at(0).notes.size(), 1u);
}

TEST(ReadKern, WordsStandAtTheirNotes) {
  EXPECT_THAT(
      score_of("**kern\t**text\n4c\tGlo-\n4d\t-ria\n*-\t*-\n").parts.at(0).lyrics,
      ElementsAre(music::Lyric{{}, 1, "Glo-"}, music::Lyric{Ticks::quarters(1), 1, "-ria"}));
}

TEST(ReadKern, RecordsGiveTitleAndComposer) {
  const auto score = score_of("!!!OTL: Kyrie\n!!!COM: Faur\xe9\n**kern\n4c\n*-\n");
  EXPECT_EQ(score.title, "Kyrie");
  EXPECT_EQ(score.composer, "Faur\xc3\xa9");
}

TEST(ReadKern, AMissingColumnIsTold) {
  EXPECT_EQ(error_of("**kern\t**kern\n4c\n"), "song.krn:2: the line has 1 columns, expected 2");
}

TEST(ReadKern, AFileWithoutNotesIsTold) {
  EXPECT_EQ(error_of("**text\nla\n*-\n"),
            "song.krn:1: there is no **kern spine, so there are no notes");
}

TEST(ReadKern, OtherTextIsTold) {
  EXPECT_THAT(error_of("Dear Sir\n"), HasSubstr("song.krn:1: not Humdrum"));
}

TEST(ReadKern, OnlyTheFirstPieceOfAFileIsRead) {
  const auto score = score_of("**kern\n4c\n*-\n**kern\n4d\n4e\n*-\n");
  ASSERT_EQ(score.parts.size(), 1u);
  EXPECT_THAT(score.parts[0].notes, ElementsAre(note(0, 1, 60)));
}

TEST(ReadKern, AByteOrderMarkIsPassedOver) {
  EXPECT_EQ(score_of("\xef\xbb\xbf**kern\n4c\n*-\n").parts.size(), 1u);
}

TEST(ReadKern, WhatIsNoNoteIsTold) {
  const auto reading = read_kern(as_bytes("**kern\n4c\n4?\n*-\n"), "song.krn");
  ASSERT_TRUE(reading);
  EXPECT_THAT(reading->dropped, ElementsAre("tokens that are neither notes nor rests"));
}

TEST(ReadKern, StavesHaveABound) {
  std::string line = "**kern";
  for (int i = 0; i < 2000; ++i) line += "\t**kern";
  EXPECT_THAT(error_of(line + "\n"), HasSubstr("more than 1024 spines"));
}

}  // namespace
}  // namespace antiphon::formats
