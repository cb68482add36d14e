// SPDX-License-Identifier: Apache-2.0
#include "music/key_tracking.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace antiphon::music {
namespace {

constexpr std::initializer_list<int> song = {60, 64, 67, 65, 64, 62, 60, 59,
                                             60, 67, 69, 67, 65, 64, 62, 60};

void hear(KeyTracker& tracker, std::initializer_list<int> pitches, int up = 0) {
  for (const int pitch : pitches) tracker.hear(pitch + up);
}

TEST(KeyTracking, ASongIsInItsKeyInEveryTransposition) {
  for (int up = 0; up < 12; ++up) {
    KeyTracker tracker;
    EXPECT_FALSE(tracker.key());
    hear(tracker, song, up);
    EXPECT_EQ(tracker.key(), transposed({}, up));
  }
}

TEST(KeyTracking, AMinorSongIsInMinor) {
  KeyTracker tracker;
  hear(tracker, {69, 71, 72, 74, 76, 72, 69, 68, 69, 76, 77, 76, 74, 72, 71, 69});
  EXPECT_EQ(tracker.key(), (Key{0, Mode::minor}));
}

TEST(KeyTracking, APlayerWhoMovesFarIsFollowed) {
  for (int up = 1; up < 12; ++up) {
    if (up == 5 || up == 7) continue;  // But for one note the same scale.
    KeyTracker tracker;
    tracker.tell({});
    hear(tracker, song);
    EXPECT_EQ(tracker.key(), Key{});
    hear(tracker, song, up);
    EXPECT_EQ(tracker.key(), transposed({}, up)) << up;
  }
}

TEST(KeyTracking, AFewNotesOutsideAreNoOtherKey) {
  KeyTracker tracker;
  tracker.tell({});
  hear(tracker, {60, 64, 66, 67, 68, 67, 65, 64, 63, 62, 60});
  EXPECT_EQ(tracker.key(), Key{});
}

TEST(KeyTracking, WhatIsToldIsBelievedAtOnce) {
  KeyTracker tracker;
  hear(tracker, song);
  tracker.tell({3, Mode::minor});
  EXPECT_EQ(tracker.key(), (Key{3, Mode::minor}));
  tracker.forget();
  EXPECT_FALSE(tracker.key());
}

TEST(KeyTracking, ANoteThatIsStruckAgainTellsNothingNew) {
  KeyTracker once, often;
  hear(once, {60, 64, 66});
  hear(often, {60, 64, 66, 66, 66, 66, 66, 66, 66});
  EXPECT_EQ(once.key(), often.key());
}

}  // namespace
}  // namespace antiphon::music
