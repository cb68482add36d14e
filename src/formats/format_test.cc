// SPDX-License-Identifier: Apache-2.0
#include "formats/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::formats {
namespace {

using ::testing::HasSubstr;

TEST(FormatOf, TheEndingDecides) {
  EXPECT_EQ(format_of("a.mid", {}), Format::midi);
  EXPECT_EQ(format_of("a.kar", {}), Format::midi);
  EXPECT_EQ(format_of("a.mxl", {}), Format::musicxml);
  EXPECT_EQ(format_of("a.abc", {}), Format::abc);
  EXPECT_EQ(format_of("a.krn", {}), Format::kern);
}

TEST(FormatOf, EndingsMayBeInCapitals) { EXPECT_EQ(format_of("SONG.MID", {}), Format::midi); }

TEST(FormatOf, ADotOfAFolderIsNoEnding) { EXPECT_FALSE(format_of("songs.mid/one", {})); }

TEST(FormatOf, WithoutAnEndingTheFirstBytesDecide) {
  EXPECT_EQ(format_of("a", as_bytes("MThd")), Format::midi);
  EXPECT_EQ(format_of("a.rmi", as_bytes("RIFF1234RMID")), Format::midi);
  EXPECT_EQ(format_of("a", as_bytes("<?xml version='1.0'?>")), Format::musicxml);
  EXPECT_EQ(format_of("a", as_bytes("% a book\nX:1\n")), Format::abc);
  EXPECT_EQ(format_of("a", as_bytes("**kern\n")), Format::kern);
}

TEST(FormatOf, OtherBytesAreNoFormat) { EXPECT_FALSE(format_of("a", as_bytes("Dear Sir"))); }

TEST(Read, AnUnknownKindSaysWhichAreRead) {
  const auto reading = read("letter.doc", as_bytes("Dear Sir"));
  ASSERT_FALSE(reading);
  EXPECT_THAT(reading.error().message, HasSubstr("letter.doc: not a kind of file that is read"));
}

TEST(Read, FollowsTheFormat) {
  const auto reading = read("a.krn", as_bytes("**kern\n4c\n*-\n"));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->score.parts.size(), 1u);
}

}  // namespace
}  // namespace antiphon::formats
