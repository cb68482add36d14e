// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/random.h"
#include "edge/performer.h"
#include "edge/player.h"
#include "generate/improviser.h"
#include "generate/noisy_model.h"

namespace antiphon::edge {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using Bytes = std::vector<std::uint8_t>;

// A minute, or as many minutes as ANTIPHON_SOAK_MINUTES says.
nanoseconds soak_length() {
  const char* minutes = std::getenv("ANTIPHON_SOAK_MINUTES");
  return minutes != nullptr ? std::chrono::minutes(std::atoi(minutes)) : nanoseconds(60s);
}

// Someone who does every hundredth of a second what nobody should, in a manner that changes each
// second.
class Misuser {
 public:
  explicit Misuser(std::uint64_t seed) : random_(seed) {}

  std::vector<Bytes> next() {
    if (at_++ % 100 == 0) manner_ = random_.below(8);
    const auto key = static_cast<std::uint8_t>(random_.below(128));
    std::vector<Bytes> out;
    switch (manner_) {
      case 0:  // A hundred notes a second.
        return {{0x90, key, 90}, {0x80, key, 0}};
      case 1:  // All keys, held.
        for (int all = 0; at_ % 100 == 1 && all < 128; ++all)
          out.push_back({0x90, static_cast<std::uint8_t>(all), 127});
        return out;
      case 2:  // The pedal sticks.
        return {{0xb0, 64, 127}, {0x90, key, 1}, {0x80, key, 0}};
      case 3:  // Keys go up that never went down.
        return {{0x80, key, 0}, {0x9f, key, 0}};
      case 4:  // What isn't MIDI.
        out.emplace_back(random_.below(4));
        for (auto& byte : out.back()) byte = static_cast<std::uint8_t>(random_.below(256));
        return out;
      case 5:  // Pulled out in mid-chord, and plugged in again.
        if (at_ % 50 != 0) return {{0x90, key, 64}};
        for (int channel = 0; channel < 16; ++channel)
          out.push_back({static_cast<std::uint8_t>(0xb0 | channel), 123, 0});
        return out;
      case 6:  // Every wheel is turned.
        for (const int change : usual_control_changes)
          out.push_back({0xb0, static_cast<std::uint8_t>(change), key});
        return out;
      default:
        return {};
    }
  }

 private:
  Random random_;
  int at_ = 0;
  std::size_t manner_ = 0;
};

// A clock that mostly goes on, and now and then stops, goes back, or leaps.
class BadClock {
 public:
  explicit BadClock(std::uint64_t seed) : random_(seed) {}
  nanoseconds next(nanoseconds true_time) {
    const double luck = random_.uniform();
    if (luck < 0.02) stopped_until_ = true_time + 300ms;
    if (true_time < stopped_until_) return last_;
    last_ = luck > 0.99 ? std::max(nanoseconds{}, true_time - 1s) : true_time;
    return last_;
  }

 private:
  Random random_;
  nanoseconds last_{}, stopped_until_{};
};

void soak(std::uint64_t seed, double bpm, bool follows = false) {
  FreeMusic music;
  music.tempo = *music::Tempo::of(bpm);
  const std::vector<generate::AiPart> ai = {{0, 5, 3}, {32, 5, 1}};
  JamSetup setup = *improvise(music, ai, tokens::Style::unknown);
  setup.sampling.seed = seed;
  setup.pace.follows = follows;
  const nanoseconds length = soak_length();
  const Crew crew = {false, true, true};
  Conductor conductor(
      setup.timeline, setup.header, setup.pace, length, crew,
      std::make_unique<TieredScheduler>(setup.timeline, setup.header.meters, setup.pace, crew));
  generate::NoisyModel edge_model(256), reflex_model(256);
  Improviser edge(edge_model, setup.header, setup.sampling, 48);
  Improviser reflex(reflex_model, setup.header, setup.sampling, 12);
  const std::pair<Model, Improviser*> players[] = {{Model::edge, &edge}, {Model::reflex, &reflex}};

  Misuser misuser(seed);
  BadClock clock(seed);
  Random random(seed);
  Keys keys;
  std::size_t pressed = 0, most_told = 0;
  std::vector<live::TimedMessage> sent;
  std::vector<Drafted> drafted;
  nanoseconds now{};
  for (nanoseconds true_time{}; true_time < length; true_time += 10ms) {
    now = clock.next(true_time);
    for (const Bytes& bytes : misuser.next()) {
      if (const auto wish = wish_of(bytes, now, usual_control_changes)) conductor.wish(*wish);
      for (const Played& played : keys.take(bytes, now)) {
        pressed += played.velocity > 0;
        conductor.hear(played);
      }
    }
    if (follows && random.below(50) == 0) conductor.wish(Wish(Tap{now}));
    if (follows && random.below(1000) == 0) {
      const auto kind = static_cast<live::ClockNews::Kind>(random.below(3));
      conductor.keep_time({kind, {random.uniform() * 9, now, *music::Tempo::of(90)}});
    }
    conductor.advance(now);
    for (const auto& [model, improviser] : players) {
      auto& told = conductor.to_tell(model);
      most_told = std::max(most_told, told.size());
      for (const Told& one : told) improviser->tell(one);
      told.clear();
      // The edge is gone most of the time.
      const bool works = model == Model::reflex || random.below(8) == 0;
      if (works && improviser->busy()) improviser->work(drafted);
      for (const Drafted& one : drafted) conductor.take(model, one, now);
      drafted.clear();
    }
    auto& messages = conductor.to_send();
    sent.insert(sent.end(), messages.begin(), messages.end());
    messages.clear();
  }
  conductor.advance(length);
  conductor.end(length);
  sent.insert(sent.end(), conductor.to_send().begin(), conductor.to_send().end());

  EXPECT_GE(conductor.next(), length) << "every frame was fixed";
  const auto seconds = static_cast<std::size_t>(length / 1s);
  EXPECT_GT(conductor.frames().size(), seconds) << "a frame lasts 0.75 s at most";
  EXPECT_GT(conductor.notes().size(), seconds / 10) << "else nothing could have been left sounding";
  EXPECT_GT(pressed, seconds * 5);
  std::size_t heard = 0;
  for (const Played& played : conductor.heard()) heard += played.velocity > 0;
  EXPECT_EQ(heard, pressed);
  EXPECT_LT(most_told, 10000u) << "what waits for a model stays within its queue";
  std::stable_sort(sent.begin(), sent.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  std::map<int, int> sounding;
  for (const live::TimedMessage& message : sent) {
    const int status = message.bytes[0] & 0xf0;
    int& count = sounding[(message.bytes[0] & 0x0f) * 128 + message.bytes[1]];
    if (status == 0x90) ++count;
    if (status == 0x80) --count;
  }
  for (const auto& [key, count] : sounding) EXPECT_EQ(count, 0) << "key " << key % 128;
}

TEST(Soak, EndsInSilenceWhateverThePlayerDoes) { soak(1, 120); }
TEST(Soak, AtTheSlowestTempo) { soak(2, 20); }
TEST(Soak, AtTheFastestTempo) { soak(3, 400); }
TEST(Soak, FollowingThemATapperAndAClock) { soak(4, 120, true); }

}  // namespace
}  // namespace antiphon::edge
