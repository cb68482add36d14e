// SPDX-License-Identifier: Apache-2.0
// Whose the time of a jam is.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "edge/measures.h"
#include "edge/performer.h"
#include "edge/tiered_scheduler.h"
#include "generate/noisy_model.h"
#include "live/midi_clock.h"

namespace antiphon::edge {
namespace {

using namespace std::chrono_literals;
using generate::NoisyModel;
using live::ClockNews;
using music::Tempo;
using std::chrono::nanoseconds;

// Quarters and eighths, eight bars, with a piano.
music::Score tune() {
  music::Score score;
  score.parts.resize(1);
  for (std::int64_t i = 0; i < 8 * 4; ++i) {
    score.parts[0].notes.push_back({{i * 960}, {480}, 67, 80});
    if (i % 3 == 0) score.parts[0].notes.push_back({{i * 960 + 480}, {480}, 69, 80});
  }
  return score;
}

JamSetup setup_of(const music::Score& score) {
  const std::vector<std::size_t> human = {0};
  const std::vector<generate::AiPart> ai = {{0, 5, 3}};
  JamSetup setup = *perform(score, human, ai, tokens::Style::song, 1);
  setup.sampling = {1.0, 1.0, 1};
  setup.reach = 12;
  return setup;
}

Jam jam(const JamSetup& setup) {
  NoisyModel model(512);
  return simulate({&model}, setup, {}, {});
}

TEST(Tempo, FollowsAPlayerWhoSlowsDown) {
  music::Score score = tune();
  for (std::int64_t i = 0; i < 32; ++i)
    score.tempos.push_back({{i * 960}, *Tempo::of(120 - static_cast<double>(i))});
  JamSetup setup = setup_of(score);
  const live::Timeline players = std::exchange(setup.timeline, live::Timeline({}, *Tempo::of(120)));
  const Jam steady = jam(setup);
  setup.pace.follows = true;
  const Jam follows = jam(setup);
  const auto most = [&](const Jam& played) {
    std::vector<double> errors;
    for (const BeatError& error : beat_errors(played, players)) errors.push_back(error.ms);
    return spread_of(errors).p95;
  };
  EXPECT_GT(most(steady), 150);
  EXPECT_LT(most(follows), 60);
  EXPECT_EQ(measure(follows).isr_delivered, 1.0);
}

TEST(Tempo, IsTappedByThePlayer) {
  JamSetup setup = setup_of(tune());
  const Crew crew = {false, true, false};
  Conductor conductor(
      setup.timeline, setup.header, setup.pace, 60s, crew,
      std::make_unique<TieredScheduler>(setup.timeline, setup.header.meters, setup.pace, crew));
  for (nanoseconds now = 0s; now < 8s; now += 600ms) {
    conductor.advance(now);
    conductor.wish(Wish(Tap{now}));
  }
  EXPECT_NEAR(setup.timeline.tempo_at(music::Ticks::quarters(100)).bpm(), 100, 0.01);
  const double quarters = setup.timeline.ticks_at(7800ms) / 960;
  EXPECT_NEAR(quarters, std::round(quarters), 0.02);
}

// A conductor whose model is there at once.
struct Stage {
  explicit Stage(JamSetup jam)
      : setup(std::move(jam)),
        improviser(model, setup.header, setup.sampling, 12),
        conductor(setup.timeline, setup.header, setup.pace, 1h, crew,
                  std::make_unique<TieredScheduler>(setup.timeline, setup.header.meters, setup.pace,
                                                    crew)) {}
  void advance(nanoseconds now) {
    conductor.advance(now);
    for (const Told& told : conductor.to_tell(Model::edge)) improviser.tell(told);
    conductor.to_tell(Model::edge).clear();
    std::vector<Drafted> drafted;
    while (improviser.busy()) improviser.work(drafted);
    for (const Drafted& one : drafted) conductor.take(Model::edge, one, now);
    auto& messages = conductor.to_send();
    sent.insert(sent.end(), messages.begin(), messages.end());
    messages.clear();
  }
  // Ends the jam; every note that was begun has then been ended, and in that order.
  void expect_silence(nanoseconds now) {
    conductor.end(now);
    advance(now - 1ns);
    std::stable_sort(sent.begin(), sent.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    std::map<int, int> sounding;
    for (const live::TimedMessage& message : sent) {
      const int status = message.bytes[0] & 0xf0, change = status == 0x90 ? 1 : -1;
      if (status != 0x90 && status != 0x80) continue;
      EXPECT_EQ(sounding[message.bytes[1]] += change, change > 0);
    }
    for (const auto& [key, count] : sounding) EXPECT_EQ(count, 0);
  }

  JamSetup setup;
  NoisyModel model{512};
  Improviser improviser;
  Crew crew = {false, true, false};
  Conductor conductor;
  std::vector<live::TimedMessage> sent;
};

ClockNews news(ClockNews::Kind kind, double quarters, nanoseconds at, double bpm) {
  return {kind, {quarters, at, *Tempo::of(bpm)}};
}

TEST(Clock, StartsStopsAndGoesOn) {
  Stage stage(setup_of(tune()));
  Conductor& conductor = stage.conductor;
  conductor.hold();
  stage.advance(5s);
  EXPECT_EQ(conductor.frame_start(), 0);
  conductor.keep_time(news(ClockNews::Kind::start, 0, 6s, 60));
  stage.advance(8500ms);  // Two quarters and a half.
  EXPECT_EQ(conductor.frame_start(), 30);
  conductor.keep_time(news(ClockNews::Kind::stop, 2.5, 8500ms, 60));
  stage.advance(20s);
  EXPECT_TRUE(conductor.held());
  EXPECT_EQ(conductor.frame_start(), 48) << "the bar's end";
  conductor.keep_time(news(ClockNews::Kind::beat, 2.5, 30s, 60));
  EXPECT_EQ(stage.setup.timeline.time_of(music::Ticks::quarters(4)), 31500ms);
  stage.advance(40s);
  conductor.keep_time(news(ClockNews::Kind::stop, 12.5, 40s, 60));
  stage.advance(50s);
  for (const NoteRecord& note : conductor.notes()) EXPECT_LE(note.end, 12 * 16);
  stage.expect_silence(50s);
}

// What another program makes of the clock that a jam sends: its beat is the jam's, through taps and
// stops.
TEST(Clock, IsPassedOn) {
  Stage stage(setup_of(tune()));
  live::ClockSender sender(stage.setup.timeline, {});
  live::MidiClock other;
  ClockNews heard;
  std::vector<live::TimedMessage> messages;
  const auto advance = [&](nanoseconds now) {
    stage.advance(now);
    if (stage.conductor.held()) sender.stop(now, messages);
    sender.go_on({stage.conductor.frame_start() * tokens::ticks_per_step}, messages);
    for (const live::TimedMessage& message : messages) {
      if (const auto said = other.take(message.bytes[0], message.at)) heard = *said;
    }
    messages.clear();
  };
  stage.conductor.hold();
  advance(5s);
  stage.conductor.keep_time(news(ClockNews::Kind::start, 0, 6s, 60));
  for (nanoseconds now = 5s; now < 26s; now += 5ms) {
    if (now >= 12s && now % 750ms == 0s) stage.conductor.wish(Wish(Tap{now}));
    advance(now);
    if (now < 10s || (now > 12s && now < 18s)) continue;
    EXPECT_NEAR(heard.beat.quarters_at(now), stage.setup.timeline.ticks_at(now) / 960, 0.03);
  }
  EXPECT_NEAR(heard.beat.tempo.bpm(), 80, 0.5);
  stage.conductor.keep_time(news(ClockNews::Kind::stop, 0, 26s, 80));
  for (nanoseconds now = 26s; now < 32s; now += 5ms) advance(now);
  EXPECT_EQ(heard.kind, ClockNews::Kind::stop);
}

TEST(Time, MayLeapAsItLikes) {
  Stage stage(setup_of(tune()));
  Random random(3);
  std::size_t frames = 0;
  nanoseconds now{};
  for (int i = 0; i < 3000; ++i) {
    now += 20ms;
    const auto kind = static_cast<ClockNews::Kind>(random.below(3));
    if (random.below(20) == 0) {
      stage.conductor.keep_time(
          news(kind, random.uniform() * 100, now, 20 + 380 * random.uniform()));
    }
    if (random.below(10) == 0) stage.conductor.wish(Wish(Tap{now}));
    stage.advance(now);
    EXPECT_GE(stage.conductor.frames().size(), frames);
    frames = stage.conductor.frames().size();
  }
  EXPECT_GT(stage.conductor.notes().size(), 5u);
  stage.expect_silence(now);
}

TEST(FreeTime, AnswersInPausesAndIsSilentMeanwhile) {
  JamSetup setup = setup_of(tune());
  setup.header.meters.clear();
  setup.pace.free = true;
  setup.performer.clear();
  nanoseconds last{};
  for (int phrase = 0; phrase < 3; ++phrase) {
    const nanoseconds begins = 20s * phrase + 3s;
    for (int i = 0; i < 8; ++i) {
      last = begins + i * (500ms + 40ms * phrase);
      setup.performer.push_back({last, 0, 67, 80});
      setup.performer.push_back({last + 200ms, 0, 67, 0});
    }
  }
  setup.length = 60s;
  const Jam played = jam(setup);
  int answers[3] = {};
  for (const NoteRecord& note : played.notes) {
    const nanoseconds at = played.timeline.time_of({note.onset * tokens::ticks_per_step});
    const auto phrase = at / 20s;
    const nanoseconds since = at - 20s * phrase;
    EXPECT_TRUE(since > 3s + 7 * 500ms && since < 14s) << at.count();
    ++answers[phrase];
  }
  for (const int notes : answers) EXPECT_GT(notes, 0);
  EXPECT_EQ(measure(played).isr_delivered, 1.0);
}

class Silence : public live::MessageSink {
 public:
  void send(const live::TimedMessage&) noexcept override {}
};

TEST(FreeTime, IsKeptInRealTimeToo) {
  JamSetup setup = setup_of(tune());
  setup.pace.free = true;
  setup.performer = {{20ms, 0, 67, 80}, {60ms, 0, 67, 0}};
  setup.length = 400ms;
  NoisyModel model(512);
  Silence silence;
  const live::Wakeup wakeup = live::Wakeup::make().value();
  ScriptedPlayer player(setup.performer);
  const auto played = play_live({&model}, setup, {player, silence, wakeup}, {});
  ASSERT_TRUE(played);
  EXPECT_EQ(played->heard.size(), 2u);
  EXPECT_GE(played->frames.size(), 2u);
}

}  // namespace
}  // namespace antiphon::edge
