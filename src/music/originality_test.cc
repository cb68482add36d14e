// SPDX-License-Identifier: Apache-2.0
#include "music/originality.h"

#include <gtest/gtest.h>

#include <array>

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

TEST(Originality, TheLongestSharedStretchIsFound) {
  Line longer;
  for (int i = 0; i < 40; ++i) longer.push_back({i * i, 40 + i * 7 % 23});
  for (const std::size_t length : {5U, 11U, 16U, 37U}) {
    Line copy(longer.begin(), longer.begin() + static_cast<std::ptrdiff_t>(length));
    copy.push_back({5000, 60});  // No time between onsets is as long in `longer`.
    EXPECT_EQ(longest_shared(std::array{copy}, std::array{longer}, 5), length);
  }
  EXPECT_EQ(longest_shared(std::array{tune}, std::array{longer}, 5), 0U);
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
