// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace antiphon::cli_test {
namespace {

using testing::HasSubstr;

TEST(Jam, ASimulatedOneIsTheSameTwice) {
  write("tune.abc", tune);
  const std::string jam = "jam --performer tune.abc --simulate --seed 5 --futures 4 --record ";
  ASSERT_EQ(run(jam + "a.mid --report jam.json --timeline line.json").status, 0);
  ASSERT_EQ(run(jam + "b.mid").status, 0);
  EXPECT_EQ(read("a.mid"), read("b.mid"));
  const auto report = nlohmann::json::parse(read("jam.json"));
  EXPECT_EQ(report["live"]["isr_delivered"], 1.0);
  EXPECT_EQ(report["live"]["isr_model"], 1.0);
  EXPECT_TRUE(report["simulated"]);
  EXPECT_EQ(report["futures"], 4);
  EXPECT_EQ(report["horizon_ms"], 40) << "choosing takes a while";
  const auto line = nlohmann::json::parse(read("line.json"));
  EXPECT_EQ(line["frames"].size(), report["live"]["frames"]);
  EXPECT_FALSE(line["player"].empty());
}

TEST(Jam, AModelThatStallsIsCoveredFor) {
  write("tune.abc", tune);
  const std::string jam =
      "jam --performer tune.abc --simulate --times 8 --simulated-stalls 0.3 --report stalled.json";
  ASSERT_EQ(run(jam + " --reflex none").status, 0);
  auto report = nlohmann::json::parse(read("stalled.json"));
  EXPECT_EQ(report["live"]["isr_delivered"], 1.0);
  EXPECT_LT(report["live"]["isr_model"], 1.0);
  EXPECT_TRUE(report["reflex"].is_null());

  ASSERT_EQ(run(jam).status, 0);
  report = nlohmann::json::parse(read("stalled.json"));
  EXPECT_EQ(report["live"]["isr_model"], 1.0);
  EXPECT_EQ(report["live"]["tier_share"]["rule"], 0.0);
  EXPECT_GT(report["live"]["tier_share"]["reflex"], 0.0);
  EXPECT_EQ(report["reflex"]["name"], "reflex");
}

TEST(Jam, RefusesWhatCannotBe) {
  write("tune.abc", tune);
  EXPECT_THAT(run("jam --performer tune.abc --tempo 5000").err,
              HasSubstr("--tempo: tempo must be"));
  EXPECT_THAT(run("jam --performer tune.abc --times 0").err, HasSubstr("1 to 1000 times, not 0"));
  EXPECT_THAT(run("jam --performer tune.abc --reflex nobody").err,
              HasSubstr("nobody: no such model"));
  EXPECT_EQ(run("jam --nothing").status, 2);
}

TEST(JamDevices, OnePlayerAndNoOther) {
  write("tune.abc", tune);
  EXPECT_THAT(run("jam").err, HasSubstr("--midi-in PORT"));
  EXPECT_THAT(run("jam --performer tune.abc --midi-in virtual").err, HasSubstr("one player"));
  EXPECT_THAT(run("jam --midi-in virtual --simulate").err, HasSubstr("can't be simulated"));
  EXPECT_THAT(run("jam --performer tune.abc --simulate --clock-out virtual").err,
              HasSubstr("another program's clock can't be simulated"));
  EXPECT_THAT(run("jam --midi-in virtual --key H").err, HasSubstr("there is no key 'H'"));
  EXPECT_THAT(run("jam --midi-in virtual --meter 3:4").err, HasSubstr("'3:4' is no meter"));
}

TEST(Jam, KeepsToAChartAndTakesTurns) {
  write("tune.abc", tune);
  write("changes.txt", "# a blues, begun\nC7 | F7 | C7 G7 | %\n");
  const std::string jam = "jam --performer tune.abc --simulate --report ";
  ASSERT_EQ(run(jam + "free.json").status, 0);
  ASSERT_EQ(run(jam + "kept.json --chart changes.txt").status, 0);
  const auto report = nlohmann::json::parse(read("kept.json"));
  EXPECT_GT(report["in_chord_ratio"].get<double>(), 0.6);
  EXPECT_FALSE(nlohmann::json::parse(read("free.json")).contains("in_chord_ratio"));

  ASSERT_EQ(run(jam + "trade.json --trade 2 --control 3:density=0.9 --timeline turns.json").status,
            0);
  const auto turns = nlohmann::json::parse(read("turns.json"));
  ASSERT_FALSE(turns["antiphon"].empty());
  for (const auto& note : turns["antiphon"]) EXPECT_EQ(note["frame"].get<int>() / 32 % 2, 1);

  write("wrong.txt", "C | Hm7 | G");
  EXPECT_THAT(run(jam + "no.json --chart wrong.txt").err,
              HasSubstr("wrong.txt: bar 2: chord 'Hm7': expected a root from A to G"));
  EXPECT_THAT(run(jam + "no.json --chart tune.abc").err, HasSubstr("it has no chord symbols"));
  EXPECT_THAT(run(jam + "no.json --control 3:tempo=1").err, HasSubstr("none of daring, density"));
  EXPECT_THAT(run(jam + "no.json --control 3:style=polka").err, HasSubstr("'polka' is no style"));
  EXPECT_THAT(run(jam + "no.json --control density").err, HasSubstr("isn't BAR:NAME=VALUE"));
}

TEST(Bench, HoldsTheJamAgainstAFixedInterval) {
  write("tune.abc", tune);
  const std::string bench = "bench live tune.abc --tempos 120 --round-trips 0,150 --json ";
  const Outcome one = run(bench + "one.json");
  ASSERT_EQ(one.status, 0) << one.err;
  ASSERT_EQ(run(bench + "other.json").status, 0);
  EXPECT_EQ(read("one.json"), read("other.json"));
  EXPECT_THAT(one.out, HasSubstr("StreamMUSE's table III"));
  const auto rows = nlohmann::json::parse(read("one.json"))["rows"];
  ASSERT_EQ(rows.size(), 4u);
  const auto isr_w = [&](std::size_t row) { return rows[row]["live"]["isr_w"].get<double>(); };
  EXPECT_EQ(isr_w(0), 1.0);
  EXPECT_LT(rows[1]["live"]["reaction_frames"]["p95"], rows[0]["live"]["reaction_frames"]["p95"])
      << "who plays more answers sooner";
  EXPECT_LT(isr_w(2), isr_w(0)) << "it can't have asked for the first frame";
  EXPECT_LT(isr_w(3), isr_w(2));
  EXPECT_GT(rows[3]["live"]["tier_share"]["none"], 0.0);
}

TEST(Bench, CountsHowNearTheBeatStays) {
  write("tune.abc", tune);
  const std::string bench = "bench follow tune.abc --json ";
  const Outcome one = run(bench + "one.json");
  ASSERT_EQ(one.status, 0) << one.err;
  ASSERT_EQ(run(bench + "other.json").status, 0);
  EXPECT_EQ(read("one.json"), read("other.json"));
  const auto rows = nlohmann::json::parse(read("one.json"))["rows"];
  EXPECT_EQ(rows[0]["player"], "is steady");
  EXPECT_EQ(rows[0]["songs_that_lose_none"], 1);
  EXPECT_LT(rows[0]["error_ms"]["p95"], 60.0);
  EXPECT_GT(rows[5]["error_ms"]["p95"], rows[0]["error_ms"]["p95"]) << "a sharp ritardando";
}

TEST(Bench, RefusesWhatCannotBe) {
  EXPECT_THAT(run("bench live nothing.abc").err, HasSubstr("nothing.abc"));
  EXPECT_THAT(run("bench live --round-trips -1").err, HasSubstr("--round-trips"));
  EXPECT_THAT(run("bench live --tempos 0").err, HasSubstr("--tempos: tempo must be"));
  EXPECT_EQ(run("bench").status, 2);
}

}  // namespace
}  // namespace antiphon::cli_test
