// SPDX-License-Identifier: Apache-2.0
#include "drawing/piano_roll.h"

#include <gtest/gtest.h>

#include "drawing/piano_roll_layout.h"

namespace antiphon::drawing {
namespace {

using music::Meter;
using music::Part;
using music::Score;
using music::Ticks;

/// A quarter note on each beat of `bars` bars of 4/4.
Score score_of(int bars, int pitch = 60) {
  Score score;
  score.parts.resize(1);
  for (int quarter = 0; quarter < 4 * bars; ++quarter) {
    score.parts[0].notes.push_back(
        {Ticks::quarters(quarter), Ticks::quarters(1), static_cast<std::uint8_t>(pitch)});
  }
  return score;
}

TEST(PianoRoll, AScoreWithoutNotesIsRefused) { EXPECT_FALSE(draw_piano_roll({}, Format::svg)); }

TEST(PianoRoll, EightBarsOfFourFourMakeARow) {
  const RollLayout layout = layout_of(score_of(20), 24, 1);
  ASSERT_EQ(layout.rows.size(), 3u);
  EXPECT_EQ(layout.rows[0].last, 8u);
  EXPECT_EQ(layout.rows[2].last, 20u);
}

TEST(PianoRoll, RowsJoinWithoutAGap) {
  Score score = score_of(40);
  score.meters = {{Ticks{0}, *Meter::of(3, 4)}, {Ticks::quarters(7), *Meter::of(7, 8)}};
  const RollLayout layout = layout_of(score, 24, 1);
  for (std::size_t i = 1; i < layout.rows.size(); ++i) {
    EXPECT_EQ(layout.rows[i].start, layout.rows[i - 1].end);
  }
  EXPECT_GE(layout.rows.back().end, music::end_of(score));
}

TEST(PianoRoll, AnUpbeatIsNotCountedAndMakesTheFirstRowLonger) {
  Score score = score_of(8);
  score.meters = {{Ticks{0}, *Meter::of(1, 4)}, {Ticks::quarters(1), *Meter::of(4, 4)}};
  const RollLayout layout = layout_of(score, 24, 1);
  EXPECT_TRUE(layout.pickup);
  ASSERT_EQ(layout.rows.size(), 1u);
  EXPECT_EQ(layout.rows[0].last, 9u);
  EXPECT_FALSE(layout_of(score_of(8), 24, 1).pickup);
}

TEST(PianoRoll, NoRowIsWiderThanThePage) {
  Score score = score_of(40);
  score.meters = {{Ticks{0}, *Meter::of(2, 4)}, {Ticks::quarters(32), *Meter::of(12, 4)}};
  const RollLayout layout = layout_of(score, 24, 1);
  for (const Row& row : layout.rows) {
    EXPECT_LE(layout.x_of(row, row.end), layout.width - layout.margin + 1e-6);
  }
}

TEST(PianoRoll, AHugePieceIsCutAndStaysDrawable) {
  Score score = score_of(3000);
  const RollLayout layout = layout_of(score, 24, 1);
  EXPECT_EQ(layout.rows.size(), 24u);
  EXPECT_LT(layout.bars_shown, layout.bars_in_piece);
  EXPECT_LT(layout.height(), 16000);
}

TEST(PianoRoll, AMonsterOfABarIsDrawn) {
  Score score = score_of(1);
  score.meters = {{Ticks{0}, *Meter::of(255, 1)}};
  EXPECT_TRUE(draw_piano_roll(score, Format::svg));
}

TEST(PianoRoll, EveryPitchIsInsideItsRow) {
  Score score = score_of(1, 0);
  score.parts.push_back(score_of(1, 127).parts[0]);
  const RollLayout layout = layout_of(score, 24, 1);
  EXPECT_GE(layout.y_of(127), 0);
  EXPECT_LE(layout.y_of(0) + layout.pitch_height, layout.keys_height());
}

TEST(PianoRoll, DrumsHaveALaneAndNoKeys) {
  Score score = score_of(2, 38);
  score.parts[0].drums = true;
  const RollLayout layout = layout_of(score, 24, 1);
  EXPECT_EQ(layout.keys_height(), 0);
  EXPECT_GT(layout.lane_height(), 0);
  EXPECT_TRUE(draw_piano_roll(score, Format::png));
}

TEST(PianoRoll, PeopleAreCoolAndModelsWarm) {
  Score score;
  for (int i = 0; i < 12; ++i) {
    score.parts.emplace_back().name = i % 2 == 0 ? "Voice" : "Antiphon: Piano";
  }
  const auto styles = styles_of(score);
  for (std::size_t i = 0; i < styles.size(); ++i) {
    EXPECT_EQ(styles[i].ai, i % 2 == 1);
    EXPECT_EQ(styles[i].colour.red > styles[i].colour.blue, i % 2 == 1) << i;
  }
  EXPECT_EQ(styles[1].label, "Piano");
}

TEST(PianoRoll, ManyPartsAndHostileTextsAreDrawn) {
  Score score = score_of(4);
  score.title = "\xff\xfe title";
  score.composer = std::string(5000, 'x');
  score.chords = {{Ticks{0}, "\xc3("}, {Ticks::quarters(4), "Am7/G"}, {Ticks::quarters(4), "B"}};
  score.keys = {{Ticks{0}, {}}, {Ticks::quarters(8), {-7, music::Mode::minor}}};
  for (int i = 0; i < 200; ++i) score.parts.push_back(score.parts[0]);
  score.parts[3].name = std::string(3000, 'n');
  EXPECT_TRUE(draw_piano_roll(score, Format::svg));
}

}  // namespace
}  // namespace antiphon::drawing
