// SPDX-License-Identifier: Apache-2.0
#include "music/instruments.h"

#include <gtest/gtest.h>

namespace antiphon::music {
namespace {

TEST(Instruments, KnowsGeneralMidiNamesAndEverydayOnes) {
  EXPECT_EQ(program_named("Piano"), 0);
  EXPECT_EQ(program_named("acoustic bass"), 32);
  EXPECT_EQ(program_named("Gunshot"), 127);
  EXPECT_EQ(program_named("theremin"), std::nullopt);
}

TEST(Instruments, EveryRangeHoldsAnOctave) {
  for (int program = 0; program < 128; ++program) {
    EXPECT_GE(range_of(program).high - range_of(program).low, 12) << program_name(program);
  }
}

}  // namespace
}  // namespace antiphon::music
