// SPDX-License-Identifier: Apache-2.0
#include "music/score.h"

#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

TEST(Score, TimeFollowsTheTempoMap) {
  Score score;
  score.tempos = {{Ticks{0}, *Tempo::of(60)}, {Ticks::quarters(4), *Tempo::of(120)}};
  EXPECT_EQ(time_of(score, Ticks::quarters(6)), std::chrono::seconds(5));
}

TEST(Score, ANoteStruckAgainEndsTheOneThatSounds) {
  Part part;
  part.notes = {
      {Ticks{0}, Ticks{960}, 60}, {Ticks{480}, Ticks{960}, 60}, {Ticks{480}, Ticks{100}, 60}};
  separate_unisons(part);
  ASSERT_EQ(part.notes.size(), 2u);
  EXPECT_EQ(part.notes[0].duration, Ticks{480});
  EXPECT_EQ(part.notes[1].duration, Ticks{960});
}

TEST(Score, AChangeOfMeterInsideABarStartsANewOne) {
  Score score;
  score.meters = {{Ticks{0}, *Meter::of(4, 4)}, {Ticks::quarters(2), *Meter::of(3, 4)}};
  score.parts.resize(1);
  score.parts[0].notes = {{Ticks{0}, Ticks::quarters(6), 60}};
  const auto bars = bars_of(score);
  ASSERT_EQ(bars.size(), 3u);
  EXPECT_EQ(bars[1].start, Ticks::quarters(2));
  EXPECT_EQ(bars[2].start, Ticks::quarters(5));
}

TEST(Key, TonicOfTheRelativeMinorIsItsSixth) {
  EXPECT_EQ((Key{0, Mode::minor}.tonic()), 9);
  EXPECT_EQ((Key{-3, Mode::major}.tonic()), 3);
}

}  // namespace
}  // namespace antiphon::music
