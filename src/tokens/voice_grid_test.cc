// SPDX-License-Identifier: Apache-2.0
#include "tokens/voice_grid.h"

#include <gmock/gmock.h>

namespace antiphon::tokens {
namespace {

using testing::ElementsAre;

GridNote note(std::int32_t onset, std::int32_t duration, int pitch) {
  GridNote note;
  note.onset = onset;
  note.duration = duration;
  note.pitch = static_cast<std::uint8_t>(pitch);
  return note;
}

TEST(VoiceGrid, WritesOnsetsHoldsAndRests) {
  VoiceGrid grid(8);
  const std::vector<GridNote> line = {note(0, 6, 60), note(6, 3, 60), note(15, 30, 64)};
  write_line(line, 0, grid, 1);
  EXPECT_THAT(grid.cells[1], ElementsAre(cell::onset(60), cell::hold, cell::onset(60), cell::rest,
                                         cell::rest, cell::onset(64), cell::hold, cell::hold));
  EXPECT_FALSE(grid.present(0));
}

TEST(VoiceGrid, KnowsWhatSoundsFromBefore) {
  VoiceGrid grid(4);
  const std::vector<GridNote> line = {note(0, 18, 60)};
  write_line(line, 4, grid, 0);
  EXPECT_EQ(grid.entering[0], 60);
  EXPECT_THAT(grid.cells[0], ElementsAre(cell::hold, cell::hold, cell::rest, cell::rest));
}

TEST(VoiceGrid, AHoldsRowSaysItsPitchOnlyWhereThatIsKnown) {
  VoiceGrid grid(5);
  grid.cells[0] = {cell::onset(60), cell::hold, cell::masked, cell::hold, cell::rest};
  std::vector<FrameRows> rows(5);
  frame_rows(grid, rows);
  EXPECT_EQ(rows[1][0], voice_input::held + 60 - lowest_grid_pitch);
  EXPECT_EQ(rows[2][0], cell::masked);
  EXPECT_EQ(rows[3][0], cell::hold);
  EXPECT_EQ(rows[0][1], voice_input::voice + cell::absent);
}

TEST(VoiceGrid, FramesKnowTheirPlaceInBarsOfAnyMeter) {
  const std::vector<GridChange<music::Meter>> meters = {{0, music::Meter()},
                                                        {48, *music::Meter::of(3, 8)}};
  std::vector<FramePlace> places(24);
  place_frames(meters, 0, places);
  EXPECT_EQ(places[15].place, 15);
  EXPECT_EQ(places[15].bar, 16);
  EXPECT_EQ(places[16].place, 0);
  EXPECT_EQ(places[23].place, 1);
  EXPECT_EQ(places[23].bar, 6);
}

TEST(Lines, AMelodyIsOneAndChordsAreFour) {
  const std::vector<GridNote> melody = {note(0, 3, 60), note(3, 3, 72), note(6, 3, 50)};
  EXPECT_EQ(lines_of(melody).size(), 1U);
  const std::vector<GridNote> chords = {note(0, 3, 48), note(0, 3, 55), note(0, 3, 64),
                                        note(0, 3, 72)};
  const auto lines = lines_of(chords);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0][0].pitch, 72);
  EXPECT_EQ(lines[1][0].pitch, 64);
  EXPECT_EQ(lines[2][0].pitch, 55);
  EXPECT_EQ(lines[3][0].pitch, 48);
}

}  // namespace
}  // namespace antiphon::tokens
