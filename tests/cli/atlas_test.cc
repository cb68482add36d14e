// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace antiphon::cli_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Atlas, MeasuresModesOverNetworks) {
  write("tune.abc", tune);
  const Outcome outcome =
      run("atlas tune.abc -o map --model reflex --networks fibre,offline --modes auto,alone,fixed");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("fibre"));
  EXPECT_THAT(read("map/atlas.csv"), StartsWith("network,mode,isr_delivered,isr_w,cloud"));
  EXPECT_TRUE(exists("map/atlas.png"));
  const auto rows = nlohmann::json::parse(read("map/atlas.json"))["rows"];
  ASSERT_EQ(rows.size(), 6u);
  const auto live = [&](std::size_t row) { return rows[row]["live"]; };
  EXPECT_EQ(live(0)["isr_delivered"], 1.0);
  EXPECT_GT(live(0)["tier_share"]["cloud"], 0.5) << "a near node plays";
  EXPECT_EQ(live(1)["tier_share"]["cloud"], 0.0);
  EXPECT_EQ(live(3)["isr_delivered"], 1.0) << "without a network too";
  EXPECT_EQ(live(5)["isr_delivered"], 0.0) << "where the baseline has nobody";
  EXPECT_EQ(rows[1]["bytes_up"], 0);
  EXPECT_GT(rows[0]["bytes_up"], 0);
}

TEST(Atlas, RefusesWhatCannotBe) {
  write("tune.abc", tune);
  EXPECT_THAT(run("atlas tune.abc -o tune.abc/map").err, HasSubstr("tune.abc/map: "));
  EXPECT_THAT(run("atlas tune.abc -o . --networks moon").err,
              HasSubstr("--networks: there is no 'moon'"));
  EXPECT_THAT(run("atlas tune.abc -o . --modes both").err, HasSubstr("both"));
}

}  // namespace
}  // namespace antiphon::cli_test
