// SPDX-License-Identifier: Apache-2.0
#include "music/form.h"

#include <gtest/gtest.h>

#include <vector>

namespace antiphon::music {
namespace {

constexpr std::int64_t quarter = 960;

Note note(std::int64_t quarters, int pitch, std::int64_t length = 1) {
  return {Ticks{quarters * quarter}, Ticks{length * quarter}, static_cast<std::uint8_t>(pitch), 80};
}

Form form(const std::vector<Note>& notes, std::size_t bar_count) {
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < bar_count; ++i)
    bars.push_back({Ticks{static_cast<std::int64_t>(i) * 4 * quarter}, Meter()});
  return form_of(notes, bars);
}

// A B A B: bars two apart are the same, neighbours share neither pitch nor place.
TEST(Form, FindsWhatReturns) {
  const Form found = form({note(0, 60), note(5, 62), note(8, 72), note(13, 50)}, 4);
  EXPECT_DOUBLE_EQ(found.by_lag[0].value(), 0);
  EXPECT_DOUBLE_EQ(found.by_lag[1].value(), 1);
  EXPECT_DOUBLE_EQ(found.by_lag[2].value(), 0);
  EXPECT_FALSE(found.by_lag[3]);
  EXPECT_DOUBLE_EQ(found.recurrence.value(), 2.0 / 3);
}

// The same rhythm with other notes is half a likeness.
TEST(Form, PitchAndRhythmCountAlike) {
  EXPECT_DOUBLE_EQ(form({note(0, 60), note(4, 62)}, 2).by_lag[0].value(), 0.5);
  EXPECT_DOUBLE_EQ(form({note(0, 60), note(5, 60)}, 2).by_lag[0].value(), 0.5);
}

TEST(Form, ANoteSoundsInEachBarThatItReaches) {
  const Form held = form({note(0, 60, 12)}, 3);
  EXPECT_DOUBLE_EQ(held.by_lag[0].value(), (0.5 + 1.0) / 2) << "bars two and three begin nothing";
}

TEST(Form, SilenceIsLikeNothing) {
  const Form found = form({note(0, 60)}, 4);
  EXPECT_DOUBLE_EQ(found.by_lag[0].value(), 0);
  EXPECT_FALSE(form({}, 4).recurrence);
  EXPECT_FALSE(form({note(0, 60)}, 1).by_lag[0]);
  EXPECT_FALSE(form_distance(found, form({}, 4)));
}

TEST(Form, DistanceIsTheMeanOverLags) {
  const Form a = form({note(0, 60), note(5, 62), note(8, 72)}, 3);
  const Form b = form({note(0, 60), note(4, 62), note(8, 64)}, 3);
  // By lag 0 and 1 against 0.5 and 0.5.
  EXPECT_DOUBLE_EQ(form_distance(a, b).value(), 0.5);
  EXPECT_DOUBLE_EQ(form_distance(a, a).value(), 0);
}

}  // namespace
}  // namespace antiphon::music
