// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace antiphon::formats {
namespace {

/// Bars by their signs, written in short: "|:" and ":|" repeats, "[1" to "[9" and "]" endings, "%"
/// segno, "@" coda, "D" D.S., "C" D.C., "F" Fine, "T" To Coda, "x3" times; others say nothing.
std::vector<BarFlow> bars(const std::vector<std::string>& signs) {
  std::vector<BarFlow> out;
  for (const std::string& sign : signs) {
    BarFlow bar;
    const auto has = [&](const char* what) { return sign.find(what) != std::string::npos; };
    bar.forward_repeat = has("|:");
    if (has(":|")) bar.times = has("x3") ? 3 : 2;
    for (std::size_t at = sign.find('['); at != sign.npos; at = sign.find('[', at + 1)) {
      bar.ending_starts |= std::uint64_t{1} << (sign[at + 1] - '1');
    }
    bar.ending_stops = has("]");
    if (has("%")) bar.segno = 0;
    if (has("@")) bar.coda = 0;
    if (has("D")) bar.dal_segno = 0;
    if (has("T")) bar.to_coda = 0;
    bar.da_capo = has("C");
    bar.fine = has("F");
    out.push_back(bar);
  }
  return out;
}

/// The bars played, as letters from "a".
std::string order(const std::vector<std::string>& signs) {
  const auto played = play_order(bars(signs), 1000);
  std::string out;
  for (const std::uint32_t bar : *played) out += static_cast<char>('a' + bar);
  return out;
}

TEST(MusicXmlOrder, WithoutSignsAsWritten) { EXPECT_EQ(order({"", "", ""}), "abc"); }

TEST(MusicXmlOrder, ARepeatWithoutAStartGoesToTheTop) { EXPECT_EQ(order({"", ":|", ""}), "ababc"); }

TEST(MusicXmlOrder, ARepeatGoesToItsStart) { EXPECT_EQ(order({"", "|:", ":|", ""}), "abcbcd"); }

TEST(MusicXmlOrder, TheNextRepeatStartsWhereTheLastEnded) {
  EXPECT_EQ(order({":|", "", ":|"}), "aabcbc");
}

TEST(MusicXmlOrder, ThreeTimes) { EXPECT_EQ(order({":|x3", ""}), "aaab"); }

TEST(MusicXmlOrder, FirstAndSecondEnding) { EXPECT_EQ(order({"|:", "[1:|]", "[2]", ""}), "abacd"); }

TEST(MusicXmlOrder, AnEndingForTwoPasses) {
  EXPECT_EQ(order({"|:", "[1[2:|]", "[3]", ""}), "ababacd");
}

TEST(MusicXmlOrder, TheLastEndingMayCarryARepeatSign) {
  EXPECT_EQ(order({"|:", "[1:|]", "[2:|]", ""}), "abacd");
}

TEST(MusicXmlOrder, AFirstEndingAloneIsLeftOutTheSecondTime) {
  EXPECT_EQ(order({"|:", "[1:|]", ""}), "abac");
}

TEST(MusicXmlOrder, EndingsOfTwoSectionsCountForThemselves) {
  EXPECT_EQ(order({"|:", "[1:|]", "[2]", "|:", "[1:|]", "[2]"}), "abacdedf");
}

TEST(MusicXmlOrder, DaCapoAlFineTakesNoRepeats) {
  EXPECT_EQ(order({":|", "F", "", "C"}), "aabcdab");
}

TEST(MusicXmlOrder, DaCapoTakesTheLastEnding) {
  EXPECT_EQ(order({"", "[1:|]", "[2F]", "C"}), "abacdac");
}

TEST(MusicXmlOrder, DalSegnoAlCoda) { EXPECT_EQ(order({"", "%", "T", "D", "@"}), "abcdbce"); }

TEST(MusicXmlOrder, ASegnoThatIsMissingIsNotJumpedTo) { EXPECT_EQ(order({"", "D", ""}), "abc"); }

TEST(MusicXmlOrder, TwoDaCaposEnd) { EXPECT_EQ(order({"C", "C"}), "aabab"); }

TEST(MusicXmlOrder, WhatGetsTooLongIsNothing) {
  std::vector<std::string> signs(10, ":|");
  EXPECT_EQ(play_order(bars(signs), 19), std::nullopt);
  EXPECT_NE(play_order(bars(signs), 20), std::nullopt);
}

}  // namespace
}  // namespace antiphon::formats
