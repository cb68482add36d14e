// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/random.h"
#include "live/beat_tracker.h"
#include "live/midi_clock.h"
#include "live/tap_tempo.h"
#include "live/timeline.h"

namespace antiphon::live {
namespace {

using music::Tempo;
using music::Ticks;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

nanoseconds at(double seconds) {
  return std::chrono::round<nanoseconds>(std::chrono::duration<double>(seconds));
}

// Someone who plays quarters, eighths and sixteenths, up to 15 ms off, with the period (in seconds)
// that `period` says of each quarter.
struct Player {
  explicit Player(std::uint64_t seed) : random(seed) {}
  // Plays `quarters` quarters; `heard` gets when, and which step it was.
  template <class Heard>
  void play(int quarters, const std::function<double(int)>& period, const Heard& heard) {
    constexpr int rhythms[4][4] = {{0, -1, -1, -1}, {0, 6, -1, -1}, {0, 6, 9, -1}, {0, 9, -1, -1}};
    for (int i = 0; i < quarters; ++i, ++quarter) {
      for (const int step : rhythms[random.below(4)]) {
        if (step < 0) continue;
        const double off = (random.uniform() - 0.5) * 0.03;
        heard(at(std::max(0.0, time + step * period(i) / 12 + off)), quarter * 12 + step);
      }
      time += period(i);
    }
  }
  Random random;
  int quarter = 0;
  double time = 0;
};

// How far the tracker is from the player, at a time of the player's, in quarters.
double error_of(const BeatTracker& tracker, const Player& player) {
  return std::abs(tracker.beat().quarters_at(at(player.time)) - player.quarter);
}

TEST(BeatTracker, KnowsTheStepsOfASteadyPlayer) {
  BeatTracker tracker(*Tempo::of(120), 12ms);
  Player player(1);
  player.play(
      64, [](int) { return 0.5; },
      [&](nanoseconds time, int step) { EXPECT_EQ(tracker.hear(time), step); });
  EXPECT_LT(error_of(tracker, player), 0.05);
  EXPECT_NEAR(tracker.beat().tempo.bpm(), 120, 3);
}

TEST(BeatTracker, FollowsAnAccelerandoAndARitardando) {
  for (const double more : {-0.004, 0.004}) {
    BeatTracker tracker(*Tempo::of(120), 12ms);
    Player player(2);
    int wrong = 0;
    player.play(
        48, [&](int i) { return 0.5 + more * i; },
        [&](nanoseconds time, int step) { wrong += tracker.hear(time) != step; });
    EXPECT_EQ(wrong, 0);
    EXPECT_LT(error_of(tracker, player), 0.1);
  }
}

TEST(BeatTracker, SettlesAfterASuddenChange) {
  BeatTracker tracker(*Tempo::of(120), 12ms);
  Player player(3);
  const auto hear = [&](nanoseconds time, int) { tracker.hear(time); };
  player.play(
      16, [](int) { return 0.5; }, hear);
  player.play(
      12, [](int) { return 0.45; }, hear);
  EXPECT_LT(error_of(tracker, player), 0.1);
  EXPECT_NEAR(tracker.beat().tempo.bpm(), 60 / 0.45, 4);
}

TEST(BeatTracker, CountsAChordOnce) {
  BeatTracker tracker(*Tempo::of(120), 12ms), other(*Tempo::of(120), 12ms);
  for (int i = 0; i < 8; ++i) {
    tracker.hear(i * 500ms);
    other.hear(i * 500ms);
    EXPECT_EQ(other.hear(i * 500ms + 9ms), 12 * i);
  }
  EXPECT_EQ(tracker.beat().tempo, other.beat().tempo);
}

TEST(BeatTracker, FindsTheTempoOfAPlayerOfWhomNothingIsKnown) {
  for (const double bpm : {66.0, 84.0, 100.0, 132.0}) {
    BeatTracker tracker(*Tempo::of(120), 12ms);
    tracker.listen_anew(24);
    Player player(4);
    player.time = 100;
    player.play(
        16, [&](int) { return 60 / bpm; }, [&](nanoseconds time, int) { tracker.hear(time); });
    // Half as fast or twice as fast is right, too: nothing says what a quarter is.
    const double ratio = std::log2(tracker.beat().tempo.bpm() / bpm);
    EXPECT_NEAR(ratio, std::round(ratio), 0.07);
    EXPECT_LE(std::abs(ratio), 1.07);
    const double quarters = tracker.beat().quarters_at(at(player.time));
    EXPECT_NEAR(quarters, 2 + 16 * std::exp2(std::round(ratio)), 0.3);
  }
}

TEST(BeatTracker, LivesThroughFloods) {
  BeatTracker tracker(*Tempo::of(400), 0ms);
  Random random(5);
  nanoseconds now{};
  for (int i = 0; i < 3000; ++i) {
    now += nanoseconds(static_cast<std::int64_t>(random.uniform() * 1e8));
    if (i % 500 == 499) now += 1h;
    tracker.hear(random.below(50) == 0 ? now - 2s : now);
    const double bpm = tracker.beat().tempo.bpm();
    ASSERT_TRUE(bpm >= 199 && bpm <= 801) << bpm;
  }
}

TEST(TapTempo, IsTheMeanOfTheLastBeats) {
  TapTempo taps;
  EXPECT_FALSE(taps.tap(10s));
  EXPECT_EQ(taps.tap(10s + 500ms), 500ms);
  EXPECT_EQ(taps.tap(10s + 1020ms), 510ms);
  EXPECT_FALSE(taps.tap(20s)) << "after a pause";
  EXPECT_EQ(taps.tap(20s + 800ms), 800ms);
  EXPECT_EQ(taps.tap(20s + 1200ms), 400ms) << "another tempo, all at once";
}

TEST(MidiClock, IsSteadierThanItsTicks) {
  MidiClock clock;
  Random random(6);
  clock.take(start_status, 0s);
  constexpr double period = 0.5 / 24;
  for (int i = 0; i < 24 * 16; ++i) {
    if (i >= 200 && i < 203) continue;  // Lost on the way.
    const auto news = clock.take(tick_status, at(1 + i * period + random.uniform() * 0.004));
    ASSERT_TRUE(news);
    EXPECT_EQ(news->kind, i == 0 ? ClockNews::Kind::start : ClockNews::Kind::beat);
    EXPECT_DOUBLE_EQ(news->beat.quarters, i / 24.0);
    if (i < 48) continue;
    EXPECT_NEAR(news->beat.tempo.bpm(), 120, 1.5);
    EXPECT_NEAR(news->beat.quarters_at(at(1 + i * period)), i / 24.0, 0.008);  // 4 ms.
  }
}

TEST(MidiClock, IsUnderstoodWhereTicksComeInBunches) {
  MidiClock clock;
  clock.take(start_status, 0s);
  constexpr double period = 60.0 / 140 / 24, buffer = 512 / 48000.0;
  for (int i = 0; i < 24 * 8; ++i) {
    const auto news = clock.take(tick_status, at(std::ceil((1 + i * period) / buffer) * buffer));
    EXPECT_DOUBLE_EQ(news->beat.quarters, i / 24.0);
    if (i < 48) continue;
    EXPECT_NEAR(news->beat.tempo.bpm(), 140, 6);
  }
}

TEST(MidiClock, TicksThatAreLateTogetherAreCountedOnce) {
  for (const double bpm : {140.0, 400.0}) {
    for (const double buffer : {2048 / 48000.0, 4096 / 48000.0}) {
      MidiClock clock;
      clock.take(start_status, 0s);
      const double period = 60.0 / bpm / 24;
      double quarters = 0;
      for (int i = 0; i < 24 * 16; ++i) {
        const auto news =
            clock.take(tick_status, at(std::ceil((1 + i * period) / buffer) * buffer));
        EXPECT_GE(news->beat.quarters, quarters - 1.1 / 24);
        quarters = news->beat.quarters;
        EXPECT_NEAR(quarters, i / 24.0, 2 * buffer / period / 24) << bpm << " " << buffer;
      }
    }
  }
  // One bunch that is late.
  MidiClock clock;
  clock.take(start_status, 0s);
  std::optional<ClockNews> news;
  for (int i = 0; i < 24 * 8; ++i) {
    const double due = 1 + i * 0.02;
    news = clock.take(tick_status, at(i >= 100 && i < 107 ? 1 + 106 * 0.02 : due));
  }
  EXPECT_DOUBLE_EQ(news->beat.quarters, (24 * 8 - 1) / 24.0);
}

TEST(MidiClock, SaysNothingUntilItIsStartedAndWhenItIsStopped) {
  MidiClock clock;
  EXPECT_FALSE(clock.take(tick_status, 1s));
  EXPECT_FALSE(clock.take(start_status, 2s));
  EXPECT_TRUE(clock.take(tick_status, 2s));
  EXPECT_EQ(clock.take(stop_status, 3s)->kind, ClockNews::Kind::stop);
  EXPECT_FALSE(clock.take(tick_status, 3s));
  EXPECT_FALSE(clock.take(0x90, 3s));
}

TEST(ClockSender, IsUnderstoodByAMidiClock) {
  Timeline timeline(3s, *Tempo::of(120));
  ClockSender sender(timeline, Ticks::quarters(-4));
  MidiClock clock;
  std::vector<TimedMessage> sent;
  std::vector<ClockNews> news;
  const auto play = [&](std::int64_t quarters) {
    sender.go_on(Ticks::quarters(quarters), sent);
    for (const TimedMessage& message : sent) {
      if (const auto said = clock.take(message.bytes[0], message.at)) news.push_back(*said);
    }
    sent.clear();
  };
  play(0);
  EXPECT_TRUE(news.empty()) << "who counts in hasn't started";
  for (std::int64_t quarter = 1; quarter <= 32; ++quarter) {
    timeline.set_tempo(Ticks::quarters(quarter), *Tempo::of(120 + static_cast<double>(quarter)));
    play(quarter);
    EXPECT_EQ(news.size(), static_cast<std::size_t>(24 * quarter));
    for (const double later : {0.0, 1.0}) {
      const double at = static_cast<double>(quarter) + later;
      const nanoseconds time = timeline.time_of(Ticks::quarters(quarter + static_cast<int>(later)));
      EXPECT_NEAR(news.back().beat.quarters_at(time), at, 0.02);
    }
  }
  EXPECT_EQ(news.front().kind, ClockNews::Kind::start);
  EXPECT_EQ(news.front().beat.quarters, 0);
}

TEST(ClockSender, StopsAfterItsLastTickAndContinuesWhereItWas) {
  Timeline timeline(0s, *Tempo::of(120));
  ClockSender sender(timeline, Ticks{});
  std::vector<TimedMessage> sent;
  sender.go_on(Ticks::quarters(4), sent);
  timeline.hold(Ticks::quarters(4));
  sender.stop(1s, sent);
  sender.stop(2s, sent);
  sender.go_on(Ticks::quarters(4), sent);
  timeline.set_tempo(Ticks::quarters(4), 9s, *Tempo::of(60));
  sender.go_on(Ticks::quarters(5), sent);
  ASSERT_EQ(sent.size(), 1u + 96 + 1 + 1 + 24);
  EXPECT_EQ(sent.front().bytes[0], start_status);
  EXPECT_EQ(sent[97].bytes[0], stop_status);
  EXPECT_EQ(sent[97].at, sent[96].at) << "a tick has been sent ahead";
  EXPECT_EQ(sent[98].bytes[0], continue_status);
  EXPECT_EQ(sent[99].at, 9s);
}

TEST(Timeline, StandsStillUntilItGoesOn) {
  Timeline timeline(0s, *Tempo::of(120));
  timeline.hold(Ticks::quarters(4));
  EXPECT_EQ(timeline.time_of(Ticks::quarters(3)), 1500ms);
  EXPECT_GT(timeline.time_of(Ticks::quarters(4)), 24h);
  EXPECT_EQ(timeline.ticks_at(1h), 4 * 960);
  timeline.set_tempo(Ticks::quarters(4), 10s, *Tempo::of(60));
  EXPECT_EQ(timeline.time_of(Ticks::quarters(5)), 11s);
  EXPECT_EQ(timeline.ticks_at(9s), 4 * 960);
  EXPECT_EQ(timeline.time_of(Ticks::quarters(3)), 1500ms);
}

TEST(Timeline, NeverGoesBack) {
  Timeline timeline(0s, *Tempo::of(120));
  timeline.set_tempo(Ticks::quarters(4), 1s, *Tempo::of(60));
  EXPECT_EQ(timeline.time_of(Ticks::quarters(4)), 2s);
}

}  // namespace
}  // namespace antiphon::live
