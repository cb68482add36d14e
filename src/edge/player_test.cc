// SPDX-License-Identifier: Apache-2.0
#include "edge/player.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "edge/metronome.h"
#include "edge/performer.h"
#include "generate/noisy_model.h"

namespace antiphon::edge {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Pitch and velocity of what messages do.
std::vector<std::pair<int, int>> press(Keys& keys,
                                       std::vector<std::vector<std::uint8_t>> messages) {
  std::vector<std::pair<int, int>> pressed;
  for (const auto& bytes : messages) {
    for (const Played& played : keys.take(bytes, 0ns))
      pressed.emplace_back(played.pitch, played.velocity);
  }
  return pressed;
}

TEST(Keys, GoDownAndUp) {
  Keys keys;
  EXPECT_THAT(
      press(keys, {{0x90, 60, 80}, {0x80, 60, 64}, {0x93, 62, 70}, {0x93, 62, 0}}),
      ElementsAre(std::pair(60, 80), std::pair(60, 0), std::pair(62, 70), std::pair(62, 0)));
}

TEST(Keys, ThatGoDownTwiceWereLetGo) {
  Keys keys;
  EXPECT_THAT(press(keys, {{0x90, 60, 80}, {0x90, 60, 90}}),
              ElementsAre(std::pair(60, 80), std::pair(60, 0), std::pair(60, 90)));
}

TEST(Keys, AreHeldByThePedal) {
  Keys keys;
  EXPECT_THAT(press(keys, {{0xb0, 64, 127}, {0x90, 60, 80}, {0x90, 64, 80}, {0x80, 60, 0}}),
              SizeIs(2));
  // The finger is still on 64 when the pedal goes up.
  EXPECT_THAT(press(keys, {{0xb0, 64, 0}}), ElementsAre(std::pair(60, 0)));
  EXPECT_THAT(press(keys, {{0x80, 64, 0}}), ElementsAre(std::pair(64, 0)));
}

TEST(Keys, AreAllLetGoByAllNotesOff) {
  Keys keys;
  press(keys, {{0xb0, 64, 127}, {0x90, 60, 80}, {0x90, 64, 80}, {0x80, 60, 0}});
  EXPECT_THAT(press(keys, {{0xb0, 123, 0}}), ElementsAre(std::pair(60, 0), std::pair(64, 0)));
  EXPECT_THAT(press(keys, {{0x80, 64, 0}}), IsEmpty());
}

TEST(Keys, NeverSoundForEverWhateverComes) {
  Random random(1);
  Keys keys;
  std::array<bool, 128> sounding{};
  const auto take = [&](const std::vector<std::uint8_t>& bytes) {
    for (const Played& played : keys.take(bytes, 0ns)) {
      ASSERT_EQ(sounding[played.pitch], played.velocity == 0);
      sounding[played.pitch] = played.velocity > 0;
    }
  };
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::uint8_t> bytes(random.below(4));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
    if (!bytes.empty() && random.uniform() < 0.8) bytes[0] = random.uniform() < 0.5 ? 0x90 : 0x80;
    take(bytes);
  }
  take({0xb0, 120, 0});
  EXPECT_THAT(sounding, testing::Each(false));
}

class Heard : public live::MessageSink {
 public:
  Heard() { messages.reserve(1024); }
  void send(const live::TimedMessage& message) noexcept override { messages.push_back(message); }
  std::vector<live::TimedMessage> messages;
};

TEST(Metronome, CountsInAndAccentsTheBar) {
  const live::Timeline timeline({}, *music::Tempo::of(120));
  const std::vector<tokens::GridChange<music::Meter>> meters = {{0, *music::Meter::of(3, 4)}};
  Metronome metronome(timeline, meters, 1, false);
  EXPECT_EQ(metronome.lead(), 1500ms);
  std::vector<live::TimedMessage> clicks;
  metronome.click(10s, clicks);
  std::erase_if(clicks, [](const auto& message) { return message.bytes[0] != 0x99; });
  ASSERT_THAT(clicks, SizeIs(3));
  EXPECT_EQ(clicks[1].at, -1000ms);
  EXPECT_GT(clicks[0].bytes[2], clicks[1].bytes[2]);
  EXPECT_EQ(clicks[1].bytes[2], clicks[2].bytes[2]);
}

TEST(Metronome, FeelsCompoundBeatsInDottedQuarters) {
  const live::Timeline timeline({}, *music::Tempo::of(120));
  const std::vector<tokens::GridChange<music::Meter>> meters = {{0, *music::Meter::of(6, 8)}};
  Metronome metronome(timeline, meters, 0, true);
  std::vector<live::TimedMessage> clicks;
  metronome.click(1499ms, clicks);
  EXPECT_THAT(clicks, SizeIs(2 * 2)) << "on and off of two beats a bar of 1.5 s";
}

JamSetup free_jam(int bars) {
  FreeMusic music;
  music.tempo = *music::Tempo::of(400);  // A bar in 0.6 s.
  music.bars = bars;
  const std::vector<generate::AiPart> ai = {{0, 5, 3}};
  return *improvise(music, ai, tokens::Style::unknown);
}

TEST(FreeJam, RestsUntilThePlayerBegins) {
  JamSetup setup = free_jam(4);
  setup.performer = {{1200ms, 0, 60, 80}, {1400ms, 0, 60, 0}};
  generate::NoisyModel model(512);
  const Jam jam = simulate({&model}, setup, {}, {});
  ASSERT_FALSE(jam.notes.empty());
  for (const NoteRecord& note : jam.notes) {
    EXPECT_GE(setup.timeline.time_of({note.onset * tokens::ticks_per_step}), 1200ms);
  }
}

TEST(FreeJam, EndsWithTheBarWhenItIsAskedTo) {
  const JamSetup setup = free_jam(0);
  generate::NoisyModel model(512);
  Heard heard;
  const live::Wakeup wakeup = live::Wakeup::make().value();
  ScriptedPlayer nobody({});
  const auto jam = play_live({&model}, setup, {nobody, heard, wakeup},
                             [](nanoseconds now, const Conductor&) { return now < 50ms; });
  ASSERT_TRUE(jam);
  EXPECT_TRUE(jam->stopped);
  EXPECT_THAT(jam->frames, SizeIs(16));
}

}  // namespace
}  // namespace antiphon::edge
