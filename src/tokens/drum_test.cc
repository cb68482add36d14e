// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "tokens/drum_grid.h"
#include "tokens/drum_measures.h"

namespace antiphon::tokens {
namespace {

using music::Note;
using music::Ticks;

DrumGrid random_grid(std::uint64_t seed) {
  Random random(seed);
  DrumGrid grid;
  for (auto& step : grid.steps) {
    for (DrumHit& hit : step) {
      if (random.below(4) == 0) {
        hit = {static_cast<std::uint8_t>(1 + random.below(127)),
               static_cast<std::int16_t>(static_cast<int>(random.below(240)) - 120)};
      }
    }
  }
  return grid;
}

// Hits of one drum, one a step from the first on: 'x' is struck, 'o' softly.
DrumGrid line(Drum drum, const char* steps) {
  DrumGrid grid;
  for (std::size_t step = 0; steps[step] != 0; ++step) {
    if (steps[step] == 'x') grid.at(step, drum).velocity = 100;
    if (steps[step] == 'o') grid.at(step, drum).velocity = 20;
  }
  return grid;
}

TEST(DrumGrid, ToNotesAndBackIsExact) {
  const Ticks start = drum_span;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const DrumGrid grid = random_grid(seed);
    EXPECT_EQ(drum_grid(notes_of(grid, start), start), grid) << seed;
  }
}

TEST(DrumGrid, ANoteBelongsToTheNearestStep) {
  const auto place = [](std::int64_t onset) {
    return drum_place({Ticks{onset}, Ticks{1}, 38, 80}, Ticks{0});
  };
  EXPECT_EQ(place(119)->step, 0U);
  EXPECT_EQ(place(119)->offset, 119);
  EXPECT_EQ(place(120)->step, 1U);
  EXPECT_EQ(place(120)->offset, -120);
  EXPECT_EQ(place(-120)->step, 0U);
  EXPECT_FALSE(place(-121));
  EXPECT_EQ(place(drum_span.count - 121)->step, 31U);
  EXPECT_FALSE(place(drum_span.count - 120));
}

TEST(DrumGrid, TheLoudestOfACellStays) {
  const std::vector<Note> notes = {
      {Ticks{5}, Ticks{1}, 38, 50}, {Ticks{9}, Ticks{1}, 40, 90}, {Ticks{11}, Ticks{1}, 38, 60}};
  const DrumGrid grid = drum_grid(notes, Ticks{0});
  EXPECT_EQ(grid.at(0, Drum::snare), (DrumHit{90, 9}));
  EXPECT_EQ(grid.hits(), 1U);
}

TEST(DrumGrid, KeysOfNoDrumAreLeftOut) {
  EXPECT_FALSE(drum_of(56));  // A cowbell.
  EXPECT_EQ(drum_of(22), Drum::closed_hat);
  for (std::size_t drum = 0; drum < drum_kinds; ++drum) {
    EXPECT_EQ(drum_of(pitch_of(static_cast<Drum>(drum))), static_cast<Drum>(drum));
  }
}

TEST(DrumGrid, NothingIsStruckBeforeTheScoreBegins) {
  DrumGrid grid;
  grid.at(0, Drum::kick) = {100, -30};
  EXPECT_EQ(notes_of(grid, Ticks{0}).front().onset, Ticks{0});
}

TEST(DrumHit, IsBroughtIntoBounds) {
  EXPECT_EQ(drum_hit(0.0F, -0.9F), (DrumHit{1, -120}));
  EXPECT_EQ(drum_hit(2.0F, 0.5F), (DrumHit{127, 119}));
  EXPECT_EQ(drum_hit(0.5F, 0.25F), (DrumHit{64, 60}));
}

TEST(Syncopation, IsWhatTheMeterMisses) {
  EXPECT_EQ(syncopation(line(Drum::kick, "x...x...x...x...x...x...x...x...")), 0);
  // Each bar's second onset, on an eighth, holds through the half bar, two levels above.
  EXPECT_EQ(syncopation(line(Drum::kick, "x.....x.........x.....x.........")), 2 * 2);
  EXPECT_EQ(syncopation(line(Drum::snare, "...x............................")), 4);
  EXPECT_EQ(syncopation(line(Drum::snare, "...o............................")), 0);
}

TEST(Fidelity, OfASetWithItselfIsFull) {
  std::vector<DrumFeatures> points;
  for (std::uint64_t seed = 0; seed < 30; ++seed) points.push_back(features_of(random_grid(seed)));
  const Fidelity same = fidelity_of(points, points);
  EXPECT_DOUBLE_EQ(same.coverage, 1);
  // Each ball holds its five nearest and its centre.
  EXPECT_NEAR(same.density, 6.0 / 5, 1e-9);
}

TEST(Fidelity, OfOnePointAgainAndAgainIsDenseAndCoversLittle) {
  std::vector<DrumFeatures> real;
  for (std::uint64_t seed = 0; seed < 30; ++seed) real.push_back(features_of(random_grid(seed)));
  const std::vector<DrumFeatures> collapsed(30, real[0]);
  const Fidelity fidelity = fidelity_of(collapsed, real);
  EXPECT_LT(fidelity.coverage, 0.5);
  EXPECT_GT(fidelity.coverage, 0);
}

TEST(Playing, CountsHitsTheirVelocitiesAndOffsets) {
  DrumGrid grid;
  grid.at(0, Drum::kick) = {100, -10};
  grid.at(4, Drum::snare) = {60, 30};
  const Playing playing = playing_of(std::span(&grid, 1));
  EXPECT_DOUBLE_EQ(playing.hits_a_bar, 1);
  EXPECT_DOUBLE_EQ(playing.velocity_mean, 80);
  EXPECT_DOUBLE_EQ(playing.velocity_deviation, 20);
  EXPECT_DOUBLE_EQ(playing.offset_mean, 10);
  EXPECT_DOUBLE_EQ(playing.offsets[11], 1);
  EXPECT_DOUBLE_EQ(playing.offsets[15], 1);
}

}  // namespace
}  // namespace antiphon::tokens
