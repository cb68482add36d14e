// SPDX-License-Identifier: Apache-2.0
#include "drawing/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "drawing/axis.h"

namespace antiphon::drawing {
namespace {

using testing::DoubleEq;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Axis, TicksAreRoundNumbersAroundTheRange) {
  const Axis axis(0.3, 9.7, false);
  EXPECT_THAT(axis.ticks(), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_DOUBLE_EQ(axis.position(0), 0);
  EXPECT_DOUBLE_EQ(axis.position(10), 1);
}

TEST(Axis, OneValueStillHasARange) {
  const Axis axis(5, 5, false);
  EXPECT_GT(axis.position(5), 0);
  EXPECT_LT(axis.position(5), 1);
}

TEST(Axis, ALogarithmicAxisHasEqualDecades) {
  const Axis axis(1, 10000, true);
  EXPECT_THAT(axis.ticks(), ElementsAre(DoubleEq(1), DoubleEq(10), DoubleEq(100), DoubleEq(1000),
                                        DoubleEq(10000)));
  EXPECT_DOUBLE_EQ(axis.position(100), 0.5);
}

TEST(Axis, FewDecadesHaveTicksBetween) {
  EXPECT_THAT(Axis(1, 10, true).ticks(), ElementsAre(1, 2, 5, 10));
}

TEST(Axis, HugeAndTinyRangesHaveFewTicks) {
  for (const double high : {1e-300, 1e-9, 1e12, 1e300}) {
    const Axis axis(0, high, false);
    EXPECT_GE(axis.ticks().size(), 2u) << high;
    EXPECT_LE(axis.ticks().size(), 12u) << high;
    EXPECT_THAT(axis.ticks(), Each(Ge(0))) << high;
  }
}

TEST(Axis, TickTextsAreShort) {
  EXPECT_EQ(tick_text(0.25), "0.25");
  EXPECT_EQ(tick_text(1500), "1500");
  EXPECT_EQ(tick_text(20000), "20k");
  EXPECT_EQ(tick_text(3e6), "3M");
}

TEST(Chart, WithoutAPointThereIsNothingToDraw) {
  EXPECT_FALSE(draw_curves({}, Format::svg));
  EXPECT_FALSE(draw_curves({.curves = {{"a", {{1, nan}}}}}, Format::svg));
  EXPECT_FALSE(draw_curves({.log_x = true, .curves = {{"a", {{0, 1}}}}}, Format::svg));
}

TEST(Chart, OddPointsAreLeftOut) {
  const Chart chart = {.log_x = true,
                       .curves = {{"a", {{1, 2}, {2, nan}, {-3, 1}, {4, 5}, {8, 3}}}, {"b", {}}},
                       .levels = {{"baseline", 7}, {"unknown", nan}}};
  EXPECT_TRUE(draw_curves(chart, Format::png));
}

}  // namespace
}  // namespace antiphon::drawing
