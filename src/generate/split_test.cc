// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "generate/noisy_model.h"
#include "generate/small_net.h"
#include "generate/split_improviser.h"

namespace antiphon::generate {
namespace {

using nn::Cut;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::FloatNear;
using testing::IsEmpty;
using testing::Not;
using testing::Pointwise;
using testing::SizeIs;
using tokens::EventType;

// Some steps, as a stream says them; the same for the same seed.
class Steps {
 public:
  Steps(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      rows_.push_back({static_cast<std::uint16_t>(random.below(tokens::input::rows)),
                       static_cast<std::uint16_t>(random.below(tokens::input::rows))});
      steps_.push_back({rows_.back(), static_cast<std::int32_t>(3 * i)});
    }
  }
  std::span<const nn::Step> first(std::size_t count) const {
    return std::span(steps_).first(count);
  }
  std::span<const nn::Step> from(std::size_t at) const { return std::span(steps_).subspan(at); }

 private:
  std::deque<std::vector<std::uint16_t>> rows_;
  std::vector<nn::Step> steps_;
};

std::vector<float> first_logits(EventModel& model) {
  model.begin();
  const auto logits = model.logits(tokens::field_pitch);
  return {logits.begin(), logits.end()};
}

// Does what a node does.
void run(nn::MiddleLayers& middle, const std::vector<MiddleSteps>& messages, SplitModel& model) {
  for (const MiddleSteps& one : messages) {
    ASSERT_LE(one.at, middle.size());
    middle.rewind(one.at);
    const auto added = middle.run(one.times, one.rows, one.wanted, one.recalled);
    if (one.wanted > 0) {
      EXPECT_TRUE(model.take(one.serial, added));
    }
  }
}

class EveryCut : public testing::TestWithParam<Cut> {};
INSTANTIATE_TEST_SUITE_P(Cuts, EveryCut,
                         testing::Values(Cut{0, 3}, Cut{1, 3}, Cut{1, 2}, Cut{2, 3}, Cut{0, 1}));

TEST_P(EveryCut, BothHalvesAreTheWholeButForRounding) {
  const auto net = small_net();
  const Steps steps(20, 1);
  nn::Session whole(net);
  JoinedModel joined(net, GetParam());
  for (const std::size_t size : {7U, 8U, 20U}) {
    whole.feed(steps.from(whole.size()).first(size - whole.size()));
    joined.feed(steps.from(joined.size()).first(size - joined.size()));
    whole.begin();
    EXPECT_THAT(first_logits(joined),
                Pointwise(FloatNear(0.1f), whole.logits(tokens::field_pitch)));
  }
}

TEST_P(EveryCut, IsReadyWhenItsAnswerIsThere) {
  const auto net = small_net();
  const Steps steps(12, 2);
  SplitModel model(net, GetParam());
  JoinedModel joined(net, GetParam());
  nn::MiddleLayers middle(net, GetParam());
  joined.feed(steps.first(12));
  model.feed(steps.first(12));
  EXPECT_FALSE(model.ready());
  run(middle, model.unsent(11), model);
  EXPECT_TRUE(model.ready());
  EXPECT_THAT(first_logits(model), ElementsAreArray(first_logits(joined)));
}

TEST_P(EveryCut, StepsThatAreFedAgainAreNotSentAgain) {
  const auto net = small_net();
  const Steps steps(12, 3), others(12, 4);
  SplitModel model(net, GetParam());
  nn::MiddleLayers middle(net, GetParam());
  model.feed(steps.first(12));
  run(middle, model.unsent(7), model);
  const auto logits = first_logits(model);
  model.rewind(8);
  model.feed(steps.from(8));
  EXPECT_TRUE(model.ready());
  EXPECT_EQ(first_logits(model), logits);
  EXPECT_THAT(model.unsent(7), IsEmpty());

  model.rewind(9);
  model.feed(others.from(9));
  EXPECT_FALSE(model.ready());
  const auto messages = model.unsent(8);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].at, 9u);
  EXPECT_EQ(messages[0].rows.rows(), 3u);
  run(middle, messages, model);
  EXPECT_TRUE(model.ready());
}

TEST(SplitModel, AnAnswerThatNeverCameIsAskedForAgain) {
  const auto net = small_net();
  const Steps steps(6, 5);
  SplitModel model(net, {1, 3});
  nn::MiddleLayers middle(net, {1, 3});
  model.feed(steps.first(5));
  const auto lost = model.unsent(4);
  const auto again = model.unsent(4);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].at, 4u);
  EXPECT_EQ(again[0].wanted, 1u);
  for (const MiddleSteps& one : lost) middle.run(one.times, one.rows, 0);
  run(middle, again, model);
  EXPECT_TRUE(model.ready());
}

TEST(SplitModel, ALateAnswerIsNotTakenForAnother) {
  const auto net = small_net();
  const Steps steps(6, 6), others(6, 7);
  SplitModel model(net, {1, 3});
  nn::MiddleLayers middle(net, {1, 3});
  model.feed(steps.first(5));
  const auto late = model.unsent(0);
  model.rewind(3);
  model.feed(others.from(3).first(2));
  model.unsent(0);
  run(middle, late, model);
  EXPECT_FALSE(model.ready()) << "the last two steps are others";
  EXPECT_TRUE(model.take(999, nn::Activations{})) << "to a question of long ago";
}

TEST(SplitModel, AnAnswerOfAnotherShapeIsRefused) {
  SplitModel model(small_net(), {1, 3});
  const Steps steps(3, 8);
  model.feed(steps.first(3));
  const auto messages = model.unsent(0);
  nn::Activations wide{33, {}, {}}, few{32, {}, {}};
  for (int i = 0; i < 3; ++i) wide.add(std::vector<float>(33));
  few.add(std::vector<float>(32));
  EXPECT_FALSE(model.take(messages[0].serial, wide));
  EXPECT_FALSE(model.take(messages[0].serial, few));
}

TEST(SplitModel, LongPastsAreSentInPieces) {
  const auto net = small_net();
  const Steps steps(100, 9);
  SplitModel model(net, {1, 3});
  nn::MiddleLayers middle(net, {1, 3});
  model.feed(steps.first(100));
  const auto messages = model.unsent(95, 1000);
  EXPECT_GT(messages.size(), 3u);
  EXPECT_EQ(messages.front().wanted, 0u);
  run(middle, messages, model);
  EXPECT_TRUE(model.ready());
  EXPECT_EQ(middle.size(), 100u);
}

// Behind no layer at all a step is the same whatever was before it.
TEST(SplitModel, AShorterPastIsRecalledRatherThanToldAgain) {
  const auto net = small_net();
  const Steps steps(100, 11), header(3, 12);
  SplitModel model(net, {0, 3});
  nn::MiddleLayers middle(net, {0, 3});
  model.feed(steps.first(100));
  run(middle, model.unsent(99), model);
  JoinedModel fresh(net, {0, 3});
  for (EventModel* const one :
       {static_cast<EventModel*>(&model), static_cast<EventModel*>(&fresh)}) {
    one->rewind(0);
    one->feed(header.first(3));
    one->feed(steps.from(50));
  }
  EXPECT_EQ(model.news(), 4u) << "the header, and the step that is asked for";
  const auto messages = model.unsent(52);
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].rows.rows() + messages[1].rows.rows(), 4u);
  EXPECT_EQ(messages[0].recalled.from, 50u);
  EXPECT_EQ(messages[0].recalled.count, 49u);
  run(middle, messages, model);
  EXPECT_EQ(middle.size(), 53u);
  EXPECT_EQ(first_logits(model), first_logits(fresh));
}

// The mean of 32 x 64 squares of it is off by more than 10 % about once in 1,500 seeds.
TEST(SplitModel, NoiseIsOfTheSizeThatWasAskedFor) {
  const auto net = small_net();
  const Steps steps(64, 10);
  Random random(1);
  SplitModel quiet(net, {1, 3}), loud(net, {1, 3}, {0.5, [&] { return random.uniform(); }});
  quiet.feed(steps.first(64));
  loud.feed(steps.first(64));
  const auto exact = quiet.unsent(63), noisy = loud.unsent(63);
  double difference = 0, square = 0;
  std::vector<float> a(32), b(32);
  for (std::size_t i = 0; i < 64; ++i) {
    exact[0].rows.get(i, a);
    noisy[0].rows.get(i, b);
    for (std::size_t j = 0; j < 32; ++j) {
      difference += (a[j] - b[j]) * (a[j] - b[j]);
      square += a[j] * a[j];
    }
  }
  EXPECT_NEAR(std::sqrt(difference / square), 0.5, 0.05);
}

tokens::Header two_parts() {
  tokens::Header header;
  header.meters = {{0, music::Meter()}};
  header.slots = {{tokens::Role::human, 0, 0, 0}, {tokens::Role::ai, 0, 5, 3}};
  return header;
}

// Sixteen beats of a jam, a human note on each. Adds the events that it answered with, and those of
// them that are the whole model's, each of which is looked at.
void play_beside_the_whole(std::uint64_t seed, EventModel& drafter, std::size_t& events,
                           std::size_t& exact) {
  const auto net = small_net(seed);
  const Cut cut{1, 3};
  const Sampling sampling{0.3, 0.95, seed};
  const Told wish = Told::wish({Control::Kind::density, 1});
  SplitModel model(net, cut);
  nn::MiddleLayers middle(net, cut);
  SplitImproviser improviser(model, drafter, two_parts(), sampling);
  improviser.tell(wish);
  std::vector<TimedEvent> facts;
  const auto fact = [&](const TimedEvent& event) {
    facts.push_back(event);
    improviser.tell(Told::fact(event));
  };
  for (std::int32_t from = 0; from < 16 * 12 && facts.size() < 60; from += 3) {
    const std::uint64_t before = improviser.drawn_exactly();
    std::vector<Drafted> out;
    const auto messages = improviser.ask(Told::ask(from, 1), out);
    for (const MiddleSteps& one : messages) {
      EXPECT_TRUE(out.empty());
      middle.rewind(one.at);
      const auto added = middle.run(one.times, one.rows, one.wanted, one.recalled);
      ASSERT_TRUE(improviser.hear(one.serial, added, out));
    }
    ASSERT_THAT(out, Not(IsEmpty()));
    EXPECT_EQ(out.back().until, from + 3);
    out.pop_back();

    JoinedModel joined(net, cut);
    Partner whole(joined, two_parts(), 0, sampling);
    whole.control(wish.control);
    whole.rewrite(facts, from);
    Random seeds(sampling.seed ^ static_cast<std::uint64_t>(from) << 32);
    whole.couple(seeds.bits());
    const auto wanted = whole.play(from + 2);
    const std::size_t news = improviser.drawn_exactly() - before;
    ASSERT_LE(news, wanted.size());
    EXPECT_GE(news, std::min<std::size_t>(1, wanted.size())) << "the first is always known";
    for (std::size_t i = 0; i < news; ++i) EXPECT_EQ(out[i].event, wanted[i]) << from;
    exact += news;
    events += out.size();
    for (const Drafted& one : out) fact(one.event);
    if (from % 12 == 0) fact({from + 2, {EventType::onset, 0, 0, 60, 0, 0}});
    if (from % 12 == 6) fact({from + 2, {EventType::release, 0, 0, 60, 0, 0}});
  }
}

TEST(SplitImproviser, EveryEventUpToTheFirstThatDiffersIsTheWholeModels) {
  std::size_t events = 0, exact = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    NoisyModel drafter(128);
    play_beside_the_whole(seed, drafter, events, exact);
  }
  EXPECT_GT(exact, 20u);
  EXPECT_LT(exact, events) << "or there was nothing to differ";
}

// But for what rounding the activations changes.
TEST(SplitImproviser, WhatTheSameModelDraftsIsKept) {
  std::size_t events = 0, exact = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    JoinedModel drafter(small_net(seed), {1, 3});
    play_beside_the_whole(seed, drafter, events, exact);
  }
  EXPECT_GT(events, 20u);
  EXPECT_EQ(exact, events);
}

// A player who hits forty keys in each frame says more than there is room for.
TEST(SplitImproviser, NoMoreIsSentThanThereIsRoomFor) {
  const auto net = small_net();
  const Cut cut{1, 3};
  SplitModel model(net, cut);
  nn::MiddleLayers middle(net, cut);
  NoisyModel drafter(128);
  SplitImproviser improviser(model, drafter, two_parts(), {});
  std::size_t sent = 0;
  int answered = 0, left_out = 0;
  for (std::int32_t from = 0; from < 16 * 12; from += 3) {
    std::vector<Drafted> out;
    const auto messages = improviser.ask(Told::ask(from, 1), out);
    left_out += messages.empty() && out.empty();
    for (const MiddleSteps& one : messages) {
      middle.rewind(one.at);
      const auto added = middle.run(one.times, one.rows, one.wanted, one.recalled);
      ASSERT_TRUE(improviser.hear(one.serial, added, out));
      sent += one.rows.values.size() + added.values.size();
    }
    answered += !out.empty();
    EXPECT_LE(sent, 8000 + static_cast<std::size_t>(from) * 15000 / 48);
    for (int key = 0; key < 40; ++key) {
      const auto pitch = static_cast<std::uint8_t>(40 + key);
      const auto type = from % 2 == 0 ? EventType::onset : EventType::release;
      improviser.tell(Told::fact({from + 2, {type, 0, 0, pitch, 0, 0}}));
    }
  }
  EXPECT_GT(answered, 8);
  EXPECT_GT(left_out, 8);
}

TEST(SplitImproviser, AnOvertakenQuestionIsNotAnswered) {
  const auto net = small_net();
  SplitModel model(net, {1, 3});
  nn::MiddleLayers middle(net, {1, 3});
  NoisyModel drafter(128);
  SplitImproviser improviser(model, drafter, two_parts(), {});
  std::vector<Drafted> out;
  const auto first = improviser.ask(Told::ask(0, 1), out);
  improviser.tell(Told::fact({1, {EventType::onset, 0, 0, 60, 0, 0}}));
  const auto second = improviser.ask(Told::ask(3, 2), out);
  for (const auto& messages : {first, second}) {
    for (const MiddleSteps& one : messages) {
      middle.rewind(one.at);
      improviser.hear(one.serial, middle.run(one.times, one.rows, one.wanted, one.recalled), out);
    }
  }
  ASSERT_THAT(out, Not(IsEmpty()));
  for (const Drafted& one : out) EXPECT_EQ(one.request, 2u);
}

TEST(Sampler, CoupledDrawsOfModelsThatNearlyAgreeAreMostlyTheSame) {
  Sampler one({}, 4), other({}, 4), far({}, 4);
  const std::vector<float> a = {1.0f, 0.5f, 0.0f, -1.0f}, b = {0.5f, 1.0f, 0.1f, -1.0f};
  int same = 0;
  std::vector<int> counts(4);
  constexpr int draws = 4000;
  for (int i = 0; i < draws; ++i) {
    one.couple(static_cast<std::uint64_t>(i));
    other.couple(static_cast<std::uint64_t>(i));
    const auto any = [](int) { return true; };
    const int drawn = one.draw(a, any);
    ++counts[static_cast<std::size_t>(drawn)];
    same += drawn == other.draw(b, any);
  }
  EXPECT_GT(same, draws * 7 / 10);
  EXPECT_LT(same, draws * 95 / 100);
  // Each as often as it should be; a standard deviation is at most 0.008.
  const double total = std::exp(1.0) + std::exp(0.5) + 1 + std::exp(-1.0);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(counts[i] / double{draws}, std::exp(a[i]) / total, 0.04);
}

}  // namespace
}  // namespace antiphon::generate
