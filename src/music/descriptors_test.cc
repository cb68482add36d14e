// SPDX-License-Identifier: Apache-2.0
#include "music/descriptors.h"

#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

// Eight bars of 4/4: a held melody note a bar, and quarters below it that begin at `offset`.
Score song(int pitch, std::int64_t offset = 0) {
  Score score;
  score.keys = {{Ticks{}, Key{0, Mode::major}}};
  score.parts.resize(2);
  for (std::int64_t bar = 0; bar < 8; ++bar) {
    score.parts[0].notes.push_back({Ticks::quarters(4 * bar), Ticks::quarters(4), 72, 80});
    for (std::int64_t beat = 0; beat < 4; ++beat) {
      const Ticks at = Ticks::quarters(4 * bar + beat) + Ticks{offset};
      score.parts[1].notes.push_back({at, Ticks{480}, static_cast<std::uint8_t>(pitch), 80});
    }
  }
  return score;
}

std::vector<Descriptors> described(const Score& score) { return descriptors_of(score, {0, {1}}); }

TEST(Descriptors, SayWhatAStretchIsLike) {
  const auto stretches = described(song(60));
  ASSERT_EQ(stretches.size(), 2u);
  const Descriptors& one = stretches[1];
  EXPECT_DOUBLE_EQ(one[1], 1) << "voices";
  EXPECT_DOUBLE_EQ(one[2], 0.5) << "sounding";
  EXPECT_DOUBLE_EQ(one[3], 60) << "mean pitch";
  EXPECT_DOUBLE_EQ(one[6], -1) << "an eighth";
  EXPECT_DOUBLE_EQ(one[8], 1) << "on the beat";
  EXPECT_DOUBLE_EQ(one[11], 1) << "consonant";
  EXPECT_DOUBLE_EQ(one[14], 12) << "below the melody";
  EXPECT_DOUBLE_EQ(one[16], 1) << "the tonic only";
}

TEST(Descriptors, AreRelativeToTheKey) {
  Score moved = song(67);
  moved.keys = {{Ticks{}, Key{1, Mode::major}}};  // G
  EXPECT_DOUBLE_EQ(described(moved)[0][16], 1);
}

TEST(Descriptors, StretchesWithoutNotesAreLeftOut) {
  Score half = song(60);
  half.parts[1].notes.resize(16);
  EXPECT_EQ(described(half).size(), 1u);
}

TEST(FrechetDistance, IsNothingBetweenTheSame) {
  auto some = described(song(60)), others = described(song(64, 480));
  some.insert(some.end(), others.begin(), others.end());
  EXPECT_DOUBLE_EQ(frechet_distance(some, some).value(), 0);
  EXPECT_FALSE(frechet_distance({}, some));
}

// One number of 28 varies in the reference, 0 and 2: its mean is 1 and so is its deviation.
TEST(FrechetDistance, CountsInDeviationsOfTheReference) {
  std::vector<Descriptors> reference(2), ours(2);
  reference[1][5] = 2;
  ours[0][5] = ours[1][5] = 4;
  EXPECT_DOUBLE_EQ(frechet_distance(ours, reference).value(), 3.0 * 3 + 1);
}

}  // namespace
}  // namespace antiphon::music
