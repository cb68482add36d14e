// SPDX-License-Identifier: Apache-2.0
#include "generate/foresight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generate/net_model.h"
#include "generate/small_net.h"

namespace antiphon::generate {
namespace {

using tokens::EventType;

// A model that hides its branches.
class Alone : public EventModel {
 public:
  explicit Alone(std::unique_ptr<EventModel> model) : model_(std::move(model)) {}
  std::size_t capacity() const override { return model_->capacity(); }
  std::size_t size() const override { return model_->size(); }
  void rewind(std::size_t size) override { model_->rewind(size); }
  void feed(std::span<const nn::Step> steps) override { model_->feed(steps); }
  void score(std::span<const nn::Step> steps) override { model_->score(steps); }
  void begin(std::size_t back) override { model_->begin(back); }
  std::span<const float> logits(int field) override { return model_->logits(field); }
  void condition(std::span<const std::uint16_t> rows) override { model_->condition(rows); }

 private:
  std::unique_ptr<EventModel> model_;
};

// A player, and many parts that play, as an untrained net seldom does.
tokens::Header many_parts() {
  tokens::Header header;
  header.meters = {{0, *music::Meter::of(4, 4)}};
  header.slots.assign(6, {tokens::Role::ai, 0, 5, 3});
  header.slots[0].role = tokens::Role::human;
  return header;
}

// What is chosen beside a scale, frame by frame.
std::vector<TimedEvent> play(EventModel& model, int futures,
                             Foresight::Clock::time_point deadline) {
  Partner partner(model, many_parts(), 0, {.seed = 3});
  std::vector<TimedEvent> all;
  for (std::int32_t from = 0; from < 3 * 300; from += steps_per_frame) {
    const auto drawn = play_foreseeing(partner, from, futures, deadline);
    for (const TimedEvent& event : drawn) {
      EXPECT_GE(event.at, from);
      EXPECT_LT(event.at, from + steps_per_frame);
    }
    all.insert(all.end(), drawn.begin(), drawn.end());
    const auto pitch = static_cast<std::uint8_t>(60 + from % 12);
    partner.hear({from + 2,
                  {from % 6 == 0 ? EventType::onset : EventType::release, 0, 0,
                   static_cast<std::uint8_t>(from % 6 == 0 ? pitch : pitch - 3), 0, 0}});
  }
  return all;
}

// The context is soon full, so it holds for prompts too.
TEST(Foresight, SideBySideIsAsOneAfterAnother) {
  const nn::EventNet net = small_net(3, nn::Type::i8);
  const auto model = make_event_model(net);
  Alone alone(make_event_model(net));
  const auto chosen = play(*model, 5, Foresight::Clock::time_point::max());
  EXPECT_GT(chosen.size(), 4U);
  EXPECT_EQ(chosen, play(alone, 5, Foresight::Clock::time_point::max()));
}

TEST(Foresight, WhereThereIsNoTimeTheFirstFutureIsPlayed) {
  const nn::EventNet net = small_net(3, nn::Type::i8);
  const auto model = make_event_model(net);
  Alone alone(make_event_model(net));
  const auto first = play(*model, 5, Foresight::Clock::time_point::min());
  EXPECT_EQ(first, play(alone, 5, Foresight::Clock::time_point::min()));
  EXPECT_NE(first, play(*model, 5, Foresight::Clock::time_point::max()));
}

}  // namespace
}  // namespace antiphon::generate
