// SPDX-License-Identifier: Apache-2.0
#include "formats/instrument_names.h"

#include <gtest/gtest.h>

namespace antiphon::formats {
namespace {

TEST(InstrumentNames, KnowsTheFiveLanguages) {
  EXPECT_EQ(program_of_name("Violin 1"), 40);
  EXPECT_EQ(program_of_name("Bratsche"), 41);
  EXPECT_EQ(program_of_name("Flauto traverso"), 73);
  EXPECT_EQ(program_of_name("Hautbois"), 68);
  EXPECT_EQ(program_of_name("Altus"), 52);
}

TEST(InstrumentNames, ReadsAccentsAndCapitals) {
  EXPECT_EQ(program_of_name("FLÖTE"), 73);
  EXPECT_EQ(program_of_name("Chœur"), 52);
}

TEST(InstrumentNames, ReadsTheStandardSoundNames) {
  EXPECT_EQ(program_of_name("wind.flutes.flute.piccolo"), 72);
  EXPECT_EQ(program_of_name("brass.tuba.bass"), 58);
  EXPECT_EQ(program_of_name("voice.bass"), 52);
}

TEST(InstrumentNames, TheNarrowerNameWins) {
  EXPECT_EQ(program_of_name("Bass Clarinet"), 71);
  EXPECT_EQ(program_of_name("English Horn"), 69);
  EXPECT_EQ(program_of_name("F Horn 2"), 60);
  EXPECT_EQ(program_of_name("Violoncello"), 42);
  EXPECT_EQ(program_of_name("Alto Trombone"), 57);
  EXPECT_EQ(program_of_name("Tromba in C"), 56);
  EXPECT_EQ(program_of_name("Bassoon 1"), 70);
}

TEST(InstrumentNames, AnUnknownWordIsNothing) {
  EXPECT_EQ(program_of_name("Part 1"), std::nullopt);
  EXPECT_EQ(program_of_name(""), std::nullopt);
}

}  // namespace
}  // namespace antiphon::formats
