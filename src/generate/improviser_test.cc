// SPDX-License-Identifier: Apache-2.0
#include "generate/improviser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "generate/likelihood.h"
#include "generate/noisy_model.h"

namespace antiphon::generate {
namespace {

using tokens::EventType;

tokens::Header two_parts() {
  tokens::Header header;
  header.meters = {{0, music::Meter()}};
  header.slots = {{tokens::Role::human, 0, 0, 0}, {tokens::Role::ai, 0, 0, 0}};
  return header;
}

TimedEvent note(std::int32_t at, int pitch, int duration = 3) {
  return {at,
          {EventType::note, 0, 1, static_cast<std::uint8_t>(pitch),
           static_cast<std::uint8_t>(duration), 0}};
}

// What the frames from step 12 on are answered with, and whether the first was adopted.
struct Answer {
  std::vector<TimedEvent> events;
  bool adopted = false;
};

Answer ask(Improviser& improviser, const std::vector<TimedEvent>* proposal) {
  improviser.tell(Told::fact({6, {EventType::onset, 0, 0, 64, 0, 0}}));
  if (proposal != nullptr) {
    for (const TimedEvent& event : *proposal) improviser.tell(Told::proposal(event));
  }
  improviser.tell(Told::ask(12, 1, 6, proposal != nullptr));
  std::vector<Drafted> drafted;
  Answer answer;
  while (improviser.busy()) improviser.work(drafted);
  for (const Drafted& one : drafted) {
    if (one.kind == Drafted::Kind::event) answer.events.push_back(one.event);
    answer.adopted |= one.adopted;
  }
  EXPECT_EQ(drafted.back().until, 18) << "it reaches as far as was asked";
  return answer;
}

TEST(Improviser, ChoosesAmongFewerFuturesWhereTimeIsShort) {
  const auto fed = [](bool hurried) {
    NoisyModel model(256);
    Improviser improviser(model, two_parts(), {.seed = 1, .futures = 16}, 6);
    if (hurried) improviser.set_patience({});
    ask(improviser, nullptr);
    return model.fed();
  };
  EXPECT_LT(4 * fed(true), fed(false));
}

TEST(Improviser, TakesWhatItWouldHavePlayedItself) {
  int adopted = 0;
  std::size_t drafted = 0, notes = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    NoisyModel model(256), again(256);
    Improviser improviser(model, two_parts(), {1, 1, seed}, 48);
    std::vector<TimedEvent> own = ask(improviser, nullptr).events;
    std::erase_if(own, [](const TimedEvent& event) { return event.at >= 15; });
    Improviser other(again, two_parts(), {1, 1, seed}, 48);
    const bool took = ask(other, &own).adopted;
    adopted += took;
    drafted += own.size();
    if (took) notes += own.size();
  }
  EXPECT_GT(adopted, 1700);
  EXPECT_GT(drafted, 200u);
  EXPECT_GT(notes * 10, drafted * 6) << "not only rests";
}

TEST(Improviser, TurnsDownWhatCantBe) {
  NoisyModel model(256);
  Improviser improviser(model, two_parts(), {1, 1, 1}, 48);
  const std::vector<TimedEvent> above_the_piano = {note(12, 127)};
  const Answer answer = ask(improviser, &above_the_piano);
  EXPECT_FALSE(answer.adopted);
  for (const TimedEvent& event : answer.events) EXPECT_NE(event.event.pitch, 127);
}

TEST(Improviser, TurnsDownWhatItHoldsForUnlikely) {
  // It would play nothing but middle C.
  NoisyModel model(256, tokens::field_pitch, 60);
  Improviser improviser(model, two_parts(), {1, 1, 1}, 48);
  const std::vector<TimedEvent> other = {note(12, 61)};
  EXPECT_FALSE(ask(improviser, &other).adopted);
}

// A hundred keys a second for ten seconds, far more than the model's context holds.
TEST(Improviser, PlaysOnAfterAFlood) {
  NoisyModel model(128);
  Improviser improviser(model, two_parts(), {1, 1, 1}, 24);
  Random random(1);
  std::vector<Drafted> drafted;
  std::size_t after = 0;
  std::array<bool, 128> down{};
  for (std::int32_t from = 3; from < 3 * 400; from += 3) {
    for (int i = 0; i < (from < 3 * 80 ? 40 : 0); ++i) {
      const auto pitch = static_cast<std::uint8_t>(random.below(128));
      const auto type = down[pitch] ? EventType::release : EventType::onset;
      down[pitch] = !down[pitch];
      improviser.tell(Told::fact(
          {from - 3 + static_cast<std::int32_t>(random.below(3)), {type, 0, 0, pitch, 0, 0}}));
    }
    improviser.tell(Told::ask(from, static_cast<std::uint32_t>(from)));
    while (improviser.busy()) improviser.work(drafted);
    for (const Drafted& one : drafted) {
      if (one.kind != Drafted::Kind::event) continue;
      ASSERT_GE(one.event.at, from);
      ASSERT_LT(one.event.at, from + 24);
      if (one.event.at < from + 3) improviser.tell(Told::fact(one.event));
      after += from > 3 * 100;
    }
    drafted.clear();
  }
  EXPECT_GT(after, 50u);
}

// How often each frame is drawn is what `weigh` says, human events thrown away in both.
TEST(Partner, WeighsAFrameByHowOftenItIsPlayed) {
  NoisyModel model(256);
  const int draws = 20000;
  std::map<std::vector<int>, int> counts;  // Onsets and pitches of a frame.
  Partner partner(model, two_parts(), 0, {1, 1, 7});
  const std::vector<TimedEvent> heard = {{2, {EventType::onset, 0, 0, 64, 0, 0}}};
  std::map<std::vector<int>, std::vector<TimedEvent>> frames;
  for (int i = 0; i < draws; ++i) {
    partner.rewrite(heard, 3);
    const auto drawn = partner.play(5);
    std::vector<int> key;
    for (const TimedEvent& event : drawn) {
      key.push_back(event.at);
      key.push_back(event.event.slot);
    }
    if (key.size() > 2) continue;  // Of the frames with at most one note.
    ++counts[key];
  }
  ASSERT_GE(counts.size(), 4u);
  for (const auto& [key, count] : counts) {
    double probability = 0;
    if (key.empty()) {
      partner.rewrite(heard, 3);
      probability = std::exp(-partner.weigh({}, 6).nats);
    } else {
      for (int pitch = 0; pitch < 128; ++pitch) {
        for (int duration = 1; duration <= tokens::max_duration; ++duration) {
          partner.rewrite(heard, 3);
          probability +=
              std::exp(-partner.weigh(std::vector{note(key[0], pitch, duration)}, 6).nats);
        }
      }
    }
    const double expected = probability * draws;
    EXPECT_NEAR(count, expected, 5 * std::sqrt(expected) + 5);
  }
}

// What a model plays is likelier under it than under another, and any piece is weighed alike in one
// go and in parts.
TEST(Likelihood, IsTheSumOverAPiece) {
  NoisyModel model(512), judge(512), other(512, tokens::field_pitch, 60);
  Partner partner(model, two_parts(), 0, {1, 1, 5});
  std::vector<TimedEvent> played;
  for (const std::int32_t at : {2, 9, 20, 31}) {
    for (const TimedEvent& event : partner.play(at)) played.push_back(event);
    played.push_back({at, {EventType::onset, 0, 0, static_cast<std::uint8_t>(60 + at), 0, 0}});
    partner.hear(played.back());
  }
  const Likelihood own = likelihood_of(judge, two_parts(), played, 32);
  ASSERT_GT(own.notes, 0u);
  EXPECT_EQ(own.notes + 4, played.size());
  EXPECT_EQ(own.impossible, 0u);
  EXPECT_GT(own.nats, 0);
  EXPECT_LT(own.nats, likelihood_of(other, two_parts(), played, 32).nats);

  Partner whole(judge, two_parts(), 0, {});
  std::vector<TimedEvent> first(played.begin(),
                                std::find_if(played.begin(), played.end(), [](const auto& event) {
                                  return event.event.type == EventType::onset;
                                }));
  NoisyModel again(512);
  EXPECT_NEAR(whole.weigh(first, 3).nats, likelihood_of(again, two_parts(), first, 3).nats, 1e-9);
}

TEST(Likelihood, CountsWhatNoModelWouldPlay) {
  NoisyModel model(256);
  const std::vector<TimedEvent> twice = {note(3, 60, 12), note(6, 60, 3)};
  EXPECT_EQ(likelihood_of(model, two_parts(), twice, 12).impossible, 1u);
}

}  // namespace
}  // namespace antiphon::generate
