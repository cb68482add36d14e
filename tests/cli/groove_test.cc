// SPDX-License-Identifier: Apache-2.0
// Drums: made, played as by a human, and refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.h"

namespace antiphon::cli_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Groove, PlaysTheSameForASeed) {
  const std::string wish = "groove --style funk --tempo 96 --x 0.2 --y -0.5 --bars 4 --seed 3";
  const Outcome one = run(wish + " -o a.mid --picture a.svg");
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_THAT(one.out, HasSubstr("4 bars"));
  EXPECT_EQ(run(wish + " -o b.mid").status, 0);
  EXPECT_THAT(read("a.mid"), StartsWith("MThd"));
  EXPECT_EQ(read("a.mid"), read("b.mid"));
  EXPECT_THAT(read("a.svg"), HasSubstr("<svg"));
}

TEST(Groove, RefusesWhatItCantPlayAndLeavesNothing) {
  const auto refused = [](const std::string& flags) {
    const Outcome outcome = run("groove -o no.mid " + flags);
    EXPECT_EQ(outcome.status, 1) << flags;
    EXPECT_FALSE(exists("no.mid")) << flags;
    return outcome.err;
  };
  EXPECT_THAT(refused("--style polka"), HasSubstr("no style 'polka'; there are afrobeat"));
  EXPECT_THAT(refused("--x 1.2"), HasSubstr("x must be -1 to 1, got 1.2"));
  EXPECT_THAT(refused("--y=-3"), HasSubstr("y must be -1 to 1"));
  EXPECT_THAT(refused("--tempo 1000"), HasSubstr("tempo must be 30 to 300"));
  EXPECT_THAT(refused("--bars 0"), HasSubstr("bars must be 1 to 1024"));
  EXPECT_THAT(refused("--model duet-edge"), HasSubstr("expected architecture groove-gan"));
}

TEST(Groove, IsNoModelToAccompanyWith) {
  write("tune.abc", tune);
  const Outcome outcome = run("accompany tune.abc --model groove -o no.mid");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("expected architecture event-transformer"));
}

TEST(Humanize, PlaysDrumsAnew) {
  ASSERT_EQ(run("groove --bars 2 -o drums.mid").status, 0);
  const Outcome outcome = run("humanize drums.mid --style rock --seed 5 -o human.mid");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("hits played anew"));
  EXPECT_NE(read("human.mid"), read("drums.mid"));
}

TEST(Humanize, RefusesAScoreWithoutDrums) {
  write("tune.abc", tune);
  const Outcome outcome = run("humanize tune.abc -o no.mid");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("tune.abc: there is no drum part"));
  EXPECT_FALSE(exists("no.mid"));
}

TEST(Models, AGrooveIsListedShownAndVerified) {
  EXPECT_THAT(run("models list").out, HasSubstr("groove-gan"));
  EXPECT_THAT(run("models show groove").out, HasSubstr("32 steps of 9 drums"));
  const Outcome verified = run("models verify groove");
  EXPECT_EQ(verified.status, 0) << verified.out;
}

}  // namespace
}  // namespace antiphon::cli_test
