// SPDX-License-Identifier: Apache-2.0
// Bars filled and melodies harmonized, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.h"

namespace antiphon::cli_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Infill, MakesTheSameForASeed) {
  write("duet.abc", duet);
  const std::string wish = "infill duet.abc --bars 2-3 --parts 1 --steps 4 --seed 3 ";
  const Outcome one = run(wish + "-o one.mid --picture one.svg --report one.json");
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_THAT(one.out, HasSubstr("4 passes"));
  EXPECT_THAT(read("one.svg"), HasSubstr("<svg"));
  EXPECT_THAT(read("one.json"), HasSubstr("\"seed\": 3"));
  ASSERT_EQ(run(wish + "-o two.mid").status, 0);
  EXPECT_EQ(read("one.mid"), read("two.mid"));
}

TEST(Infill, RefusesInOneSentenceAndLeavesNothing) {
  write("tune.abc", tune);
  const auto refused = [](const std::string& flags) {
    const Outcome outcome = run("infill tune.abc -o no.mid " + flags);
    EXPECT_NE(outcome.status, 0) << flags;
    EXPECT_FALSE(exists("no.mid")) << flags;
    return outcome.err;
  };
  EXPECT_THAT(refused("--bars 3-9"), HasSubstr("tune.abc: there are no bars 3-9"));
  EXPECT_THAT(refused("--bars x"), HasSubstr("--bars must be a bar or a range such as 5-8"));
  EXPECT_THAT(refused("--bars 1 --steps 0"), HasSubstr("steps must be 1 to 1024"));
  EXPECT_THAT(refused("--bars 1 --parts kazoo"), HasSubstr("kazoo"));
  EXPECT_THAT(refused("--bars 1 --model duet-edge"), HasSubstr("expected a masked-transformer"));
}

TEST(Harmonize, PutsThreeVoicesBelow) {
  write("tune.abc", tune);
  const Outcome outcome = run("harmonize tune.abc -o four.mid --steps 2");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(read("four.mid"), StartsWith("MThd"));
  EXPECT_THAT(read("four.mid"), HasSubstr("Antiphon: tenor"));
}

TEST(Infill, IsNoModelToAccompanyWith) {
  write("tune.abc", tune);
  const Outcome outcome = run("accompany tune.abc --model infill -o no.mid");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("expected architecture event-transformer"));
  EXPECT_EQ(run("models verify infill").status, 0);
}

}  // namespace
}  // namespace antiphon::cli_test
