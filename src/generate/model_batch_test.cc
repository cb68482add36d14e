// SPDX-License-Identifier: Apache-2.0
#include "generate/model_batch.h"

#include <gtest/gtest.h>

#include "generate/improviser.h"
#include "generate/net_model.h"
#include "generate/small_net.h"

namespace antiphon::generate {
namespace {

using tokens::EventType;

// A player who plays a scale of its own, and what it was answered.
class Jam {
 public:
  Jam(std::unique_ptr<EventModel> model, int number)
      : number_(number), model_(std::move(model)), improviser_(*model_, header(), sampling(), 12) {}

  void ask(std::int32_t from) {
    const auto pitch = static_cast<std::uint8_t>(50 + (number_ + from) % 12);
    improviser_.tell(Told::fact({from - 2, {EventType::onset, 0, 0, pitch, 0, 0}}));
    improviser_.tell(Told::fact({from - 1, {EventType::release, 0, 0, pitch, 0, 0}}));
    for (const Drafted& one : drafted_) {
      if (one.kind == Drafted::Kind::event && one.event.at < from && one.event.at >= from - 3)
        improviser_.tell(Told::fact(one.event));
    }
    all_.insert(all_.end(), drafted_.begin(), drafted_.end());
    drafted_.clear();
    improviser_.tell(Told::ask(from, static_cast<std::uint32_t>(from)));
  }
  // Works until it waits; null if there is nothing left to do.
  EventModel* work() {
    while (improviser_.busy()) {
      if (!improviser_.work(drafted_)) return model_.get();
    }
    return nullptr;
  }
  const std::vector<Drafted>& all() const { return all_; }

 private:
  Sampling sampling() const { return {1, 1, static_cast<std::uint64_t>(number_)}; }
  static tokens::Header header() {
    tokens::Header header;
    header.meters = {{0, *music::Meter::of(4, 4)}};
    header.slots = {{tokens::Role::human, 0, 0, 0}, {tokens::Role::ai, 0, 5, 3}};
    return header;
  }
  int number_;
  std::unique_ptr<EventModel> model_;
  Improviser improviser_;
  std::vector<Drafted> drafted_, all_;
};

constexpr std::int32_t last = 3 * 60;

std::vector<Drafted> alone(const nn::EventNet& net, int number) {
  Jam jam(make_event_model(net), number);
  for (std::int32_t from = 3; from < last; from += 3) {
    jam.ask(from);
    EXPECT_EQ(jam.work(), nullptr);
  }
  return jam.all();
}

TEST(ModelBatch, AnswersAPlayerAsIfItWereAlone) {
  const nn::EventNet net = small_net(3, nn::Type::i8);
  const auto batch = make_model_batch(net, 3);
  std::vector<std::unique_ptr<Jam>> jams;
  for (int i = 0; i < 3; ++i) jams.push_back(std::make_unique<Jam>(make_batched_model(net), i));
  std::size_t largest = 0;
  for (std::int32_t from = 3; from < last; from += 3) {
    for (const auto& jam : jams) jam->ask(from);
    for (bool more = true; more;) {
      std::vector<EventModel*> waiting;
      for (const auto& jam : jams) {
        if (auto* const model = jam->work()) waiting.push_back(model);
      }
      batch->run(waiting);
      largest = std::max(largest, waiting.size());
      more = !waiting.empty();
    }
  }
  EXPECT_EQ(largest, 3U);
  for (int i = 0; i < 3; ++i) {
    const auto& own = jams[static_cast<std::size_t>(i)]->all();
    EXPECT_GT(own.size(), 200U);
    EXPECT_EQ(own, alone(net, i)) << "player " << i;
  }
}

// Whatever both were fed and forgot before.
TEST(ModelBatch, ABranchStandsWhereItsOriginDoes) {
  const nn::EventNet net = small_net(3, nn::Type::i8);
  for (const bool waits : {false, true}) {
    const auto model = make_batched_model(net, waits), plain = make_event_model(net);
    Random random(5);
    const auto change = [&](EventModel& one, std::vector<nn::Step>& steps) {
      static const std::vector<std::vector<std::uint16_t>> rows = {{1, 7}, {3}, {2, 9, 30}};
      steps.resize(random.below(steps.size() + 1));
      one.rewind(steps.size());
      for (std::size_t i = 0; i < 1 + random.below(20); ++i) {
        steps.push_back({rows[random.below(rows.size())], static_cast<std::int32_t>(i)});
        one.feed(std::span(steps).last(1));
      }
    };
    std::vector<nn::Step> told;
    for (int turn = 0; turn < 30; ++turn) {
      std::vector<nn::Step> now = told;
      change(*model, now);
      if (now.size() > 30) now.resize(30), model->rewind(29), model->feed(std::span(now).last(1));
      told = now;
      const auto branches = model->branch(2 + static_cast<std::size_t>(turn % 3));
      for (const auto& branch : branches) {
        plain->rewind(0);
        plain->feed(told);
        plain->begin();
        branch->begin();
        const auto expected = plain->logits(0), got = branch->logits(0);
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), got.begin(), got.end()))
            << "turn " << turn;
        std::vector<nn::Step> own = told;
        change(*branch, own);
      }
    }
  }
}

// A question that comes in the middle of a frame, and one who doesn't wait for the batch.
TEST(ModelBatch, AModelMayBeRewoundOrAskedWhileItWaits) {
  const nn::EventNet net = small_net(3, nn::Type::i8);
  const auto model = make_batched_model(net), plain = make_event_model(net);
  const std::vector<std::uint16_t> rows = {1, 7};
  const std::vector<nn::Step> steps(3, {rows, 4});
  model->feed(steps);
  EXPECT_EQ(model->size(), 3U);
  EXPECT_FALSE(model->ready());
  model->rewind(1);
  EXPECT_EQ(model->size(), 1U);
  model->feed(std::span(steps).first(1));
  model->begin();
  EXPECT_TRUE(model->ready());
  plain->feed(std::span(steps).first(2));
  plain->begin();
  const auto expected = plain->logits(0), got = model->logits(0);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), got.begin(), got.end()));
}

}  // namespace
}  // namespace antiphon::generate
