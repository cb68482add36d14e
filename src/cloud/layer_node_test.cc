// SPDX-License-Identifier: Apache-2.0
#include "cloud/layer_node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generate/small_net.h"

namespace antiphon::cloud {
namespace {

using namespace std::chrono_literals;
using generate::small_net;
using testing::HasSubstr;

const std::string weights(64, 'a');

wire::Steps steps_of(std::size_t at, std::size_t count, std::size_t dim = 32) {
  wire::Steps steps;
  steps.steps.serial = 1;
  steps.steps.at = at;
  steps.steps.rows.dim = dim;
  steps.steps.wanted = 1;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<float> row(dim, 0.5f);
    row[i % dim] = -1;
    steps.steps.rows.add(row);
    steps.steps.times.push_back(static_cast<std::int32_t>(3 * (at + i)));
  }
  return steps;
}

class Mailbox {
 public:
  LayerNode::Send sender() {
    return [this](const std::string& bytes) {
      const std::lock_guard lock(mutex_);
      messages_.push_back(bytes);
      changed_.notify_all();
    };
  }
  std::vector<std::string> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 20s, [&] { return messages_.size() >= count; }));
    return messages_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> messages_;
};

TEST(LayerNode, AnswersWhatItsLayersAddWhoeverElseIsThere) {
  const nn::Cut cut{1, 3};
  LayerNode node(small_net(), weights, 4);
  std::vector<std::unique_ptr<Mailbox>> mailboxes;
  for (int i = 0; i < 4; ++i) {
    mailboxes.push_back(std::make_unique<Mailbox>());
    const auto player = node.join({"", weights, cut}, mailboxes.back()->sender());
    ASSERT_TRUE(player.ok());
    ASSERT_TRUE(node.tell(*player, steps_of(0, 5)).ok());
    ASSERT_TRUE(node.tell(*player, steps_of(5, 2)).ok());
  }
  nn::MiddleLayers middle(small_net(), cut);
  const auto first = steps_of(0, 5).steps, second = steps_of(5, 2).steps;
  middle.run(first.times, first.rows, 0);
  const auto wanted = middle.run(second.times, second.rows, 1);
  for (const auto& mailbox : mailboxes) {
    const auto down = wire::parse_down(mailbox->wait(2)[1]);
    ASSERT_TRUE(down.ok());
    EXPECT_EQ(std::get<wire::Added>(*down).rows.values, wanted.values);
  }
  EXPECT_EQ(node.counts().steps, 4u * 7);
}

TEST(LayerNode, RefusesWhatItCantShare) {
  Mailbox mailbox;
  LayerNode node(small_net(), weights, 1), without(nullptr, weights, 1);
  const auto refused = [&](LayerNode& one, const wire::JoinLayers& join) {
    const auto player = one.join(join, mailbox.sender());
    return player.ok() ? std::string() : player.error().message;
  };
  EXPECT_THAT(refused(without, {"", weights, {1, 3}}), HasSubstr("another model"));
  EXPECT_THAT(refused(node, {"", std::string(64, 'b'), {1, 3}}), HasSubstr("another model"));
  EXPECT_THAT(refused(node, {"", weights, {1, 4}}), HasSubstr("layers 1 to 4 of a model of 3"));
  const auto player = node.join({"", weights, {1, 3}}, mailbox.sender());
  ASSERT_TRUE(player.ok());
  EXPECT_THAT(refused(node, {"", weights, {1, 3}}), HasSubstr("the node is full"));
  node.leave(*player);
  EXPECT_EQ(refused(node, {"", weights, {1, 3}}), "");
  EXPECT_FALSE(node.tell(*player, steps_of(0, 1)).ok());
}

TEST(LayerSeat, RefusesWhatCantBe) {
  LayerSeat seat = *LayerSeat::of(small_net(), {1, 3});
  EXPECT_EQ(seat.put(steps_of(0, 2, 33)).error().message,
            "activations are 33 wide, the model's are 32");
  EXPECT_EQ(seat.put(steps_of(1, 2)).error().message,
            "steps that begin after 1 others, of which 0 were told");
  EXPECT_THAT(seat.put(steps_of(0, 129)).error().message, HasSubstr("context holds, 128"));
  ASSERT_TRUE(seat.put(steps_of(0, 100)).ok());
  EXPECT_THAT(seat.put(steps_of(100, 29)).error().message, HasSubstr("context holds, 128"));
  ASSERT_TRUE(seat.put(steps_of(50, 1)).ok());
  EXPECT_THAT(seat.put(steps_of(100, 1)).error().message, HasSubstr("of which 51 were told"));
  wire::Steps again = steps_of(0, 1);
  again.steps.recalled = {40, 12};
  EXPECT_THAT(seat.put(again).error().message, HasSubstr("12 steps to recall after 40, of 51"));
  again.steps.recalled = {SIZE_MAX, 2};
  EXPECT_THAT(seat.put(again).error().message, HasSubstr("to recall"));
  for (int i = 0; i < 4; ++i) static_cast<void>(seat.put(steps_of(0, 100)));
  EXPECT_THAT(seat.put(steps_of(0, 100)).error().message, HasSubstr("wait for their turn"));
  EXPECT_EQ(seat.work(seat.take()).size(), 6u);
  EXPECT_TRUE(seat.put(steps_of(0, 100)).ok());
}

}  // namespace
}  // namespace antiphon::cloud
