// SPDX-License-Identifier: Apache-2.0
// The atlas where time is real.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace antiphon::cli_test {
namespace {

using testing::HasSubstr;

nlohmann::json atlas_of(const std::string& folder_name) {
  return nlohmann::json::parse(read(folder_name + "/atlas.json"));
}

TEST(RealAtlas, ANodeAndAPlayerAreMeasuredThroughARelay) {
  write("tune.abc", tune);
  const Outcome outcome =
      run("atlas tune.abc -o relayed --relay --networks school-wifi,offline --modes auto,fixed "
          "--model reflex --bars 1 --tempo 240");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto atlas = atlas_of("relayed");
  EXPECT_EQ(atlas["networks_by"], "relay");
  ASSERT_EQ(atlas["rows"].size(), 4u);
  for (const auto& row : atlas["rows"]) EXPECT_EQ(row["live"]["frames"], 16);
  // How much is in time depends on the machine; that they were connected, or not, doesn't.
  EXPECT_GT(atlas["rows"][0]["bytes_down"], 0);
  EXPECT_GT(atlas["rows"][1]["bytes_down"], 0) << "fixed";
  EXPECT_EQ(atlas["rows"][2]["bytes_down"], 0) << "offline";
  EXPECT_EQ(atlas["rows"][3]["live"]["tier_share"]["none"], 1.0) << "fixed, offline";
}

TEST(RealAtlas, NamespacesAreMadeAndRemovedOrItIsSaidWhyNot) {
  write("tune.abc", tune);
  const Outcome outcome =
      run("atlas tune.abc -o shaped --real --networks fibre --modes auto --model reflex --bars 1 "
          "--tempo 240");
  EXPECT_EQ(std::system("ip netns list 2>/dev/null | grep -q '^antiphon-'") == 0, false);
  if (outcome.status == 0) {
    EXPECT_GT(atlas_of("shaped")["rows"][0]["bytes_down"], 0);
  } else {
    EXPECT_THAT(outcome.err, HasSubstr("--relay needs neither"));
  }
}

TEST(RealAtlas, AnotherSystemIsMeasured) {
  write("tune.abc", tune);
  const Outcome outcome =
      run("atlas tune.abc -o other --networks lan,offline --adapter " +
          std::string(ANTIPHON_TEST_DATA "/adapter.sh") + " --model reflex --bars 2 --tempo 240");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto rows = atlas_of("other")["rows"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["mode"], "adapter");
  EXPECT_GT(rows[0]["live"]["isr_sounding"].get<double>(), 0.0);
  EXPECT_GT(rows[0]["bytes_down"], 0);
  EXPECT_EQ(rows[1]["live"]["tier_share"]["none"], 1.0) << "offline it is silent";
}

TEST(RealAtlas, ASystemThatAnswersWhatCannotBeIsNamed) {
  write("tune.abc", tune);
  const auto measured = [](const std::string& command) {
    return run(
        "atlas tune.abc -o wrong --networks lan --model reflex --bars 2 --tempo 240 "
        "--adapter \"" +
        command + "\"");
  };
  EXPECT_THAT(measured("echo hello; cat").err,
              HasSubstr("line 1 of its answers: expected {\"ask\""));
  EXPECT_THAT(measured("echo '{\\\"ask\\\":9,\\\"until\\\":3}'; cat >/dev/null").err,
              HasSubstr("'ask' is no question"));
  EXPECT_THAT(measured("exit 3").err, HasSubstr("it ended before the music did, with status 3"));
  EXPECT_THAT(run("atlas tune.abc -o wrong --modes adapter").err, HasSubstr("needs --adapter"));
}

}  // namespace
}  // namespace antiphon::cli_test
