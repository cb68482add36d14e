// SPDX-License-Identifier: Apache-2.0
#include "music/key_finding.h"

#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

TEST(Key, IsTransposedToTheSpellingWithFewestSigns) {
  const Key g_minor{-2, Mode::minor};
  EXPECT_EQ(transposed(g_minor, 0), g_minor);
  EXPECT_EQ(transposed(g_minor, 3), (Key{-5, Mode::minor}));
  EXPECT_EQ(transposed(g_minor, -3), (Key{1, Mode::minor}));
  EXPECT_EQ(transposed(Key{}, 6), (Key{6, Mode::major}));
  for (int by = -30; by < 30; ++by) {
    EXPECT_EQ(transposed(g_minor, by).tonic(), ((g_minor.tonic() + by) % 12 + 12) % 12);
  }
}

Score score_of(std::initializer_list<int> pitches) {
  Score score;
  score.parts.resize(1);
  Ticks at;
  for (const int pitch : pitches) {
    score.parts[0].notes.push_back({at, Ticks::quarters(1), static_cast<std::uint8_t>(pitch)});
    at += Ticks::quarters(1);
  }
  return score;
}

TEST(KeyFinding, AMajorScaleIsInItsKeyInEveryTransposition) {
  for (int up = 0; up < 12; ++up) {
    const auto key = find_key(
        score_of({60 + up, 62 + up, 64 + up, 65 + up, 67 + up, 69 + up, 71 + up, 72 + up}));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->tonic(), up % 12);
    EXPECT_EQ(key->mode, Mode::major);
  }
}

TEST(KeyFinding, AHarmonicMinorScaleIsInItsKeyInEveryTransposition) {
  for (int up = 0; up < 12; ++up) {
    const auto key = find_key(
        score_of({57 + up, 59 + up, 60 + up, 62 + up, 64 + up, 65 + up, 68 + up, 69 + up}));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->tonic(), (9 + up) % 12);
    EXPECT_EQ(key->mode, Mode::minor);
  }
}

TEST(KeyFinding, SilenceHasNoKey) { EXPECT_FALSE(find_key(Score{})); }

TEST(KeyFinding, AllTwelveToneAlikeHaveNoKey) {
  PitchClasses weights;
  weights.fill(1);
  EXPECT_FALSE(find_key(weights));
}

TEST(KeyFinding, DrumsDontVote) {
  Score score = score_of({60, 64, 67, 72});
  score.parts.push_back(score_of({66, 66, 66, 66, 66, 66, 66, 66, 66}).parts[0]);
  score.parts[1].drums = true;
  EXPECT_EQ(find_key(score), (Key{0, Mode::major}));
}

TEST(KeyFinding, TheMinorScaleHasBothSevenths) {
  const Key a_minor{0, Mode::minor};
  EXPECT_TRUE(in_scale(a_minor, 7));
  EXPECT_TRUE(in_scale(a_minor, 8));
  EXPECT_FALSE(in_scale(a_minor, 6));
  EXPECT_FALSE(in_scale(a_minor, 10));
}

TEST(KeyFinding, TheMajorScaleHasSevenTones) {
  int tones = 0;
  for (int pitch_class = 0; pitch_class < 12; ++pitch_class) {
    tones += in_scale(Key{2, Mode::major}, pitch_class);
  }
  EXPECT_EQ(tones, 7);
  EXPECT_TRUE(in_scale(Key{2, Mode::major}, 1));   // C sharp in D major.
  EXPECT_FALSE(in_scale(Key{2, Mode::major}, 0));  // C natural.
}

TEST(Key, IsReadAsMusiciansWriteIt) {
  EXPECT_EQ(*parse_key("C"), (Key{0, Mode::major}));
  EXPECT_EQ(*parse_key("F#m"), (Key{3, Mode::minor}));
  EXPECT_EQ(*parse_key("Bb minor"), (Key{-5, Mode::minor}));
  EXPECT_EQ(*parse_key("Ab major"), (Key{-4, Mode::major}));
  for (const char* none : {"", "H", "g", "C##", "C dorian", "G#", "Fb"}) {
    EXPECT_FALSE(parse_key(none)) << none;
  }
}

TEST(Key, NamesGoRoundTheCircleOfFifths) {
  EXPECT_EQ(name_of({0, Mode::major}), "C major");
  EXPECT_EQ(name_of({-7, Mode::major}), "C flat major");
  EXPECT_EQ(name_of({7, Mode::minor}), "A sharp minor");
  EXPECT_EQ(name_of({3, Mode::minor}), "F sharp minor");
}

}  // namespace
}  // namespace antiphon::music
