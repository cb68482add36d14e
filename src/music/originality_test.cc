// SPDX-License-Identifier: Apache-2.0
#include "music/originality.h"

#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

using Line = std::vector<LineNote>;

const Line tune = {{0, 60}, {4, 62}, {8, 64}, {12, 65}, {14, 67}, {20, 64}};

Stretches known(std::size_t length) {
  Stretches stretches(length);
  stretches.add(tune);
  stretches.add(tune);
  stretches.finish();
  return stretches;
}

TEST(Originality, ACopyIsFoundInAnyKeyAtAnyTime) {
  Line copy = tune;
  for (LineNote& note : copy) note.onset += 1000, note.pitch -= 7;
  const auto rate = known(5).rate(copy);
  EXPECT_EQ(rate.found, 2U);
  EXPECT_EQ(rate.all, 2U);
}

TEST(Originality, EqualStretchesAreKeptOnce) { EXPECT_EQ(known(5).size(), 2U); }

TEST(Originality, OneOtherNoteSpoilsTheStretchesThatHoldIt) {
  Line other = tune;
  other.back().pitch += 1;
  EXPECT_EQ(known(5).rate(other).found, 1U);
  other = tune;
  other.front().onset -= 1;  // One other rhythm as well.
  EXPECT_EQ(known(5).rate(other).found, 1U);
  EXPECT_EQ(known(5).rate(other).all, 2U);
}

TEST(Originality, WhatHasThreePitchesIsNotCounted) {
  const Line trill = {{0, 60}, {1, 62}, {2, 60}, {3, 62}, {4, 64}};
  EXPECT_EQ(known(5).rate(trill).all, 0U);
}

TEST(Originality, ALineTooShortHasNoStretch) {
  EXPECT_EQ(known(5).rate(std::span(tune).first(4)).all, 0U);
}

TEST(Originality, TheLineIsTheHighestNoteAtEachOnset) {
  const Line chords = {{0, 60}, {0, 64}, {2, 65}, {2, 57}};
  const auto line = top_line(chords);
  ASSERT_EQ(line.size(), 2U);
  EXPECT_EQ(line[0].pitch, 64);
  EXPECT_EQ(line[1].pitch, 65);
}

}  // namespace
}  // namespace antiphon::music
