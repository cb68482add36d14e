// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collab/planner.h"

namespace antiphon::collab {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::HasSubstr;

Measurements measured(nanoseconds p95, nanoseconds frame = 125ms) {
  Measurements all;
  all.frame = frame;
  all.node = true;
  all.horizon = 12ms;
  all.answers.p50 = p95 / 2;
  all.answers.p95 = all.answers.p99 = p95;
  all.answers.known = true;
  return all;
}

TEST(AnswerTimes, QuantilesAreOfTheLastQuestions) {
  AnswerTimes times;
  for (int i = 0; i < 100; ++i) times.add(1s);
  for (int i = 1; i <= 64; ++i) times.add(i * 1ms);
  const AnswerEstimate estimate = times.estimate(0ns);
  EXPECT_EQ(estimate.p50, 32ms);
  EXPECT_EQ(estimate.p95, 61ms);
  EXPECT_EQ(estimate.p99, 64ms);
  EXPECT_EQ(estimate.lost, 0);
}

TEST(AnswerTimes, AQuestionWithoutAnswerIsLostWhenALaterOneIsAnswered) {
  AnswerTimes times;
  for (int i = 0; i < 6; ++i) times.add(60ms);
  times.asked(1, 0ms);
  times.asked(2, 100ms);
  EXPECT_TRUE(times.estimate(150ms).known);
  EXPECT_EQ(times.estimate(150ms).silence, 150ms);
  times.answered(2, 160ms);
  times.answered(2, 170ms);
  const AnswerEstimate estimate = times.estimate(1s);
  EXPECT_EQ(estimate.p95, 60ms);
  EXPECT_EQ(estimate.p99, 160ms) << "one is to be asked earlier";
  EXPECT_EQ(estimate.lost, 0.125);
  EXPECT_EQ(estimate.silence, 0ns) << "nothing waits";
}

TEST(AnswerTimes, SilenceCountsFromTheLastAnswer) {
  AnswerTimes times;
  times.asked(1, 0ms);
  times.asked(2, 100ms);
  times.answered(1, 150ms);
  EXPECT_EQ(times.estimate(350ms).silence, 200ms);
}

TEST(AnswerTimes, AnOutageIsForgottenWhenItIsOver) {
  AnswerTimes times;
  for (int i = 0; i < 64; ++i) times.add(60ms);
  for (std::uint32_t i = 1; i <= 24; ++i) times.asked(i, i * 125ms);
  EXPECT_GE(times.estimate(4s).silence, 3s);
  for (std::uint32_t i = 1; i <= 24; ++i) times.answered(i, 4s);
  for (std::uint32_t i = 25; i < 29; ++i) {
    times.asked(i, i * 1s);
    times.answered(i, i * 1s + 60ms);
  }
  const AnswerEstimate estimate = times.estimate(30s);
  EXPECT_TRUE(estimate.known);
  EXPECT_EQ(estimate.p99, 60ms);
  EXPECT_EQ(estimate.silence, 0ns);
}

TEST(Plan, ANodeThatAnswersWithinAFrameLeads) {
  const Plan next = plan(measured(60ms), {}, {});
  EXPECT_EQ(next.mode, Mode::cloud_first);
  EXPECT_EQ(next.interval, 1);
  EXPECT_GE(next.lead, 60ms);
  EXPECT_LE(next.lead, 125ms);
}

TEST(Plan, ANodeWhoseAnswersAreLateAtTimesChecksWhatADeviceDrafts) {
  Measurements near = measured(60ms);
  near.drafting = 5ms;
  EXPECT_EQ(plan(near, {}, {}).mode, Mode::cloud_first) << "hardly an answer is late";
  near.answers.p99 = 200ms;
  near.drafting = 0ms;
  const Plan first = plan(near, {}, {});
  EXPECT_EQ(first.mode, Mode::cloud_first);
  EXPECT_TRUE(first.provisional) << "until it is known how long drafting takes";
  near.drafting = 5ms;
  const Plan next = plan(near, {}, first);
  EXPECT_EQ(next.mode, Mode::drafts);
  EXPECT_TRUE(next.waits);
  EXPECT_FALSE(next.provisional);
  EXPECT_THAT(next.reason, HasSubstr("drafting one 5.0 ms"));
  near.drafting = 55ms;
  EXPECT_EQ(plan(near, {}, first).mode, Mode::cloud_first) << "a device that drafts slowly";
  EXPECT_EQ(plan(near, {}, next).mode, Mode::drafts) << "changes only for a clear gain";
  near.answers.p99 = 115ms;
  EXPECT_EQ(plan(near, {}, next).mode, Mode::drafts) << "as before";
  EXPECT_EQ(plan(near, {}, first).mode, Mode::cloud_first) << "as before";
  near.answers.p95 = near.answers.p99 = 180ms;
  EXPECT_EQ(plan(near, {}, next).mode, Mode::edge_first);
}

TEST(Plan, TheSameNodeIsTooSlowForFasterMusic) {
  EXPECT_EQ(plan(measured(60ms, 50ms), {}, {}).mode, Mode::edge_first);
}

TEST(Plan, AnAnswerReachesUntilTheNextOneIsThere) {
  for (const nanoseconds p95 : {10ms, 100ms, 125ms, 300ms, 700ms, 1500ms}) {
    for (const Mode mode : {Mode::edge_first, Mode::cloud_first}) {
      const Plan next = plan(measured(p95), {Policy::notes, mode}, {});
      EXPECT_EQ(next.mode, mode);
      EXPECT_GE(next.interval * 125ms, p95);
      if (next.length > 1) {
        EXPECT_GE(next.length * 125ms, next.interval * 125ms + p95);
      } else {
        EXPECT_GE(next.lead, p95) << "each answer is there before its frame";
      }
      EXPECT_LE(next.lead, 125ms);
    }
  }
}

TEST(Plan, WhereAnswersComeInTimeNoMoreIsAskedForThanIsPlayed) {
  Measurements near = measured(60ms);
  EXPECT_EQ(plan(near, {}, {}).length, 1);
  near.answers.p99 = 300ms;
  EXPECT_GE(plan(near, {}, {}).length, 3) << "one of a hundred is late";
  near = measured(60ms);
  near.answers.known = false;
  EXPECT_GE(plan(near, {}, {}).length, 3) << "nothing is known yet";
}

TEST(Plan, APolicyIsNeverBroken) {
  for (const Policy policy : {Policy::nothing, Policy::activations, Policy::notes}) {
    for (std::size_t i = 0; i <= mode_names.size(); ++i) {
      Wishes wishes{policy, {}};
      if (i > 0) wishes.mode = static_cast<Mode>(i - 1);
      const Plan next = plan(measured(5ms), wishes, {});
      EXPECT_TRUE(allows(policy, next.mode));
      if (policy == Policy::nothing) {
        EXPECT_EQ(next.mode, Mode::alone);
        EXPECT_EQ(next.interval, 0);
      }
      if (policy == Policy::activations) {
        const bool asked = !wishes.mode || wishes.mode == Mode::layers;
        EXPECT_EQ(next.mode, asked ? Mode::layers : Mode::alone);
        EXPECT_EQ(next.interval, asked ? 1 : 0);
      }
    }
  }
  EXPECT_THAT(plan(measured(5ms), {Policy::nothing, {}}, {}).reason,
              HasSubstr("the policy 'nothing' lets no notes"));
  EXPECT_THAT(plan(measured(5ms), {Policy::nothing, Mode::layers}, {}).reason,
              HasSubstr("the policy 'nothing' lets no activations"));
}

TEST(Plan, LayersAreSharedWhereEachFrameIsAnsweredInTime) {
  const Wishes wishes{Policy::activations, {}};
  const Plan near = plan(measured(60ms), wishes, {});
  EXPECT_EQ(near.mode, Mode::layers);
  EXPECT_EQ(near.length, 1);
  EXPECT_EQ(near.oldest, 0) << "there are no drafts of later frames";
  const Plan far = plan(measured(180ms), wishes, near);
  EXPECT_EQ(far.mode, Mode::alone);
  EXPECT_GE(far.interval, 4) << "asked now and then, to see whether it came nearer";
  EXPECT_EQ(plan(measured(115ms), wishes, near).mode, Mode::layers);
  EXPECT_EQ(plan(measured(115ms), wishes, far).mode, Mode::alone);
}

TEST(Plan, WhereNotesMayGoLayersAreNotShared) {
  EXPECT_EQ(plan(measured(5ms), {Policy::notes, {}}, {}).mode, Mode::cloud_first);
  EXPECT_EQ(plan(measured(5ms), {Policy::notes, Mode::layers}, {}).mode, Mode::layers);
}

TEST(Plan, ChangesOnlyForAClearGain) {
  const Measurements between = measured(115ms);
  Plan leads, covers;
  leads.mode = Mode::cloud_first;
  covers.mode = Mode::edge_first;
  EXPECT_EQ(plan(between, {}, leads).mode, Mode::cloud_first);
  EXPECT_EQ(plan(between, {}, covers).mode, Mode::edge_first);
}

TEST(Plan, ANodeThatFellSilentIsAskedNowAndThen) {
  Measurements silent = measured(20ms);
  silent.answers.silence = 2s;
  Plan before;
  before.mode = Mode::cloud_first;
  const Plan next = plan(silent, {}, before);
  EXPECT_EQ(next.mode, Mode::edge_first);
  EXPECT_GT(next.interval, 1);
  EXPECT_TRUE(next.provisional) << "to be made again when it is back";
}

TEST(Plan, ALossyWayIsLeftToTheDevice) {
  Measurements lossy = measured(20ms);
  lossy.answers.lost = 0.2;
  EXPECT_EQ(plan(lossy, {}, {}).mode, Mode::edge_first);
}

TEST(Plan, AFrameWaitsForItsCheckWhereThatIsThereInTime) {
  const Wishes drafts{Policy::notes, Mode::drafts};
  Measurements near = measured(60ms);
  near.drafting = 5ms;
  const Plan next = plan(near, drafts, {});
  EXPECT_TRUE(next.waits);
  EXPECT_EQ(next.interval, 1);
  EXPECT_EQ(next.length, 1);
  EXPECT_GE(next.lead, 65ms);
  near.drafting = 100ms;
  EXPECT_FALSE(plan(near, drafts, {}).waits) << "a device that drafts slowly";
  const Plan far = plan(measured(300ms), drafts, {});
  EXPECT_FALSE(far.waits);
  EXPECT_GE(far.length * 125ms, 600ms) << "what is checked reaches beyond the way there and back";
  EXPECT_TRUE(plan(measured(115ms), drafts, next).waits);
  EXPECT_FALSE(plan(measured(115ms), drafts, far).waits);
}

TEST(Plan, HarmonyIsForetoldForTwoBarsBeyondTheWayThereAndBack) {
  for (const nanoseconds p95 : {10ms, 700ms, 1500ms}) {
    const Plan next = plan(measured(p95), {Policy::notes, Mode::time}, {});
    EXPECT_EQ(next.mode, Mode::time);
    EXPECT_GE(next.interval, 8) << "half a bar";
    EXPECT_GE(next.foretold * 125ms, next.interval * 125ms + p95 + 4s);
  }
}

TEST(Plan, ANodeThatFellSilentIsAskedAsOftenInAnyMode) {
  Measurements silent = measured(20ms);
  silent.answers.silence = 2s;
  const Plan next = plan(silent, {Policy::notes, Mode::time}, {});
  EXPECT_LE(next.interval, 4);
  EXPECT_TRUE(next.provisional);
}

TEST(Plan, TheSameModelIsBetterNear) {
  Measurements same = measured(5ms);
  same.better = false;
  EXPECT_EQ(plan(same, {}, {}).mode, Mode::edge_first);
}

TEST(Plan, NamesAreReadAsTheyAreWritten) {
  for (std::size_t i = 0; i < mode_names.size(); ++i)
    EXPECT_EQ(mode_of(mode_names[i]), static_cast<Mode>(i));
  for (std::size_t i = 0; i < policy_names.size(); ++i)
    EXPECT_EQ(policy_of(policy_names[i]), static_cast<Policy>(i));
  EXPECT_FALSE(mode_of("auto"));
}

}  // namespace
}  // namespace antiphon::collab
