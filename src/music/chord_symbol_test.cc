// SPDX-License-Identifier: Apache-2.0
#include "music/chord_symbol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

using testing::HasSubstr;

PitchClassSet classes(std::initializer_list<std::size_t> pitches) {
  PitchClassSet all;
  for (const std::size_t pitch : pitches) all.set(pitch);
  return all;
}

TEST(ChordSymbol, HasThePitchClassesThatPlayersRead) {
  const std::pair<const char*, PitchClassSet> cases[] = {
      {"C", classes({0, 4, 7})},           {"Am", classes({9, 0, 4})},
      {"A-", classes({9, 0, 4})},          {"F#m7", classes({6, 9, 1, 4})},
      {"Bb", classes({10, 2, 5})},         {"B♭maj7", classes({10, 2, 5, 9})},
      {"CΔ", classes({0, 4, 7, 11})},      {"CΔ7", classes({0, 4, 7, 11})},
      {"CM7", classes({0, 4, 7, 11})},     {"G7", classes({7, 11, 2, 5})},
      {"G9", classes({7, 11, 2, 5, 9})},   {"G13", classes({7, 11, 2, 5, 9, 4})},
      {"G7b9", classes({7, 11, 2, 5, 8})}, {"G7(b9,#5)", classes({7, 11, 3, 5, 8})},
      {"E7sus4", classes({4, 9, 11, 2})},  {"Dsus2", classes({2, 4, 9})},
      {"Dsus", classes({2, 7, 9})},        {"C6", classes({0, 4, 7, 9})},
      {"Cm6", classes({0, 3, 7, 9})},      {"C6/9", classes({0, 4, 7, 9, 2})},
      {"Cadd9", classes({0, 4, 7, 2})},    {"C5", classes({0, 7})},
      {"Bdim", classes({11, 2, 5})},       {"B°7", classes({11, 2, 5, 8})},
      {"Bø", classes({11, 2, 5, 9})},      {"Bm7b5", classes({11, 2, 5, 9})},
      {"C+", classes({0, 4, 8})},          {"Caug7", classes({0, 4, 8, 10})},
      {"CmMaj7", classes({0, 3, 7, 11})},  {"C/G", classes({0, 4, 7})},
      {"Am7/D", classes({9, 0, 4, 7, 2})}, {"N.C.", classes({})},
  };
  for (const auto& [symbol, expected] : cases) {
    const auto found = pitch_classes_of(symbol);
    ASSERT_TRUE(found) << symbol << ": " << found.error().message;
    EXPECT_EQ(*found, expected) << symbol;
  }
}

TEST(ChordSymbol, RefusesWhatIsNone) {
  for (const char* symbol : {"", "H", "Cfoo", "C/", "C/H", "Cadd", "C7b", "c"}) {
    const auto found = pitch_classes_of(symbol);
    ASSERT_FALSE(found) << symbol;
    EXPECT_THAT(found.error().message, HasSubstr("chord '" + std::string(symbol) + "'"));
  }
}

}  // namespace
}  // namespace antiphon::music
