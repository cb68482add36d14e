// SPDX-License-Identifier: Apache-2.0
#include "cloud/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cloud/seat.h"
#include "generate/noisy_model.h"

namespace antiphon::cloud {
namespace {

using namespace std::chrono_literals;
using generate::NoisyModel;
using generate::TimedEvent;
using testing::HasSubstr;
using tokens::EventType;

wire::Join join_of(int reach = 48) {
  wire::Join join;
  join.header.bpm = 120;
  join.header.meters = {{0, *music::Meter::of(4, 4)}};
  join.header.slots = {{tokens::Role::human, 52, 0, 0}, {tokens::Role::ai, 0, 5, 3}};
  join.reach = reach;
  return join;
}

wire::Tell asking(std::int32_t from, std::uint32_t request, std::uint32_t within_us = 10000) {
  return {{}, wire::Ask{from, request, within_us}};
}

TimedEvent onset(std::int32_t at, int pitch, int slot = 0) {
  TimedEvent event;
  event.at = at;
  event.event.type = EventType::onset;
  event.event.slot = static_cast<std::uint8_t>(slot);
  event.event.pitch = static_cast<std::uint8_t>(pitch);
  return event;
}

// Collects what a player is sent.
class Mailbox {
 public:
  Node::Send sender() {
    return [this](const std::string& bytes) {
      const std::lock_guard lock(mutex_);
      const auto message = wire::parse_down(bytes);
      if (const auto* draft = std::get_if<wire::Draft>(&*message)) drafts_.push_back(*draft);
      if (const auto* late = std::get_if<wire::Late>(&*message)) late_.insert(late->request);
      changed_.notify_all();
    };
  }
  // Until `request` is drafted up to `until`; false if that takes too long.
  bool wait(std::uint32_t request, std::int32_t until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] {
      return !drafts_.empty() && drafts_.back().request == request && drafts_.back().until >= until;
    });
  }
  std::vector<wire::Draft> drafts() {
    const std::lock_guard lock(mutex_);
    return drafts_;
  }
  std::set<std::uint32_t> late() {
    const std::lock_guard lock(mutex_);
    return late_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<wire::Draft> drafts_;
  std::set<std::uint32_t> late_;
};

Node::MakeModel noisy() {
  return [] { return std::make_unique<NoisyModel>(512); };
}

TEST(Node, AnswersFrameByFrame) {
  Mailbox mailbox;
  Node node(noisy(), {});
  const auto player = node.join(join_of(), mailbox.sender());
  ASSERT_TRUE(player.ok());
  ASSERT_TRUE(node.tell(*player, {{onset(0, 60)}, {}}).ok());
  ASSERT_TRUE(node.tell(*player, asking(12, 7)).ok());
  ASSERT_TRUE(mailbox.wait(7, 60));
  std::int32_t until = 12;
  for (const wire::Draft& draft : mailbox.drafts()) {
    EXPECT_EQ(draft.until, until += 3);
    EXPECT_EQ(draft.heard, 1U);
    for (const TimedEvent& event : draft.events) {
      EXPECT_LT(event.at, draft.until);
      EXPECT_EQ(event.event.slot, 1);
    }
  }
  node.clear();  // Which waits for what is being served.
  EXPECT_EQ(node.counts().asked, 1U);
  EXPECT_EQ(node.counts().frames, 16U);
}

TEST(Node, TheSameSeedAndPastGetTheSameAnswerWhoeverElsePlays) {
  const auto answer = [](int others) {
    Node node(noisy(), {.model = "", .weights = "", .workers = 2});
    std::vector<std::unique_ptr<Mailbox>> mailboxes;
    for (int i = 0; i <= others; ++i) {
      mailboxes.push_back(std::make_unique<Mailbox>());
      const auto player = node.join(join_of(288), mailboxes.back()->sender());
      EXPECT_TRUE(node.tell(*player, {{onset(0, 60 + i)}, wire::Ask{12, 1, 5000}}).ok());
    }
    EXPECT_TRUE(mailboxes.front()->wait(1, 300));
    std::vector<TimedEvent> events;
    for (const wire::Draft& draft : mailboxes.front()->drafts())
      events.insert(events.end(), draft.events.begin(), draft.events.end());
    node.clear();
    return events;
  };
  const auto alone = answer(0);
  EXPECT_FALSE(alone.empty());
  EXPECT_EQ(alone, answer(5));
}

// One who asks all the time and for at once doesn't keep another from its answer.
TEST(Node, AGreedyPlayerTakesFromItselfOnly) {
  Mailbox greedy, modest;
  Node node(noisy(), {});
  const auto one = node.join(join_of(768), greedy.sender());
  const auto other = node.join(join_of(12), modest.sender());
  for (std::uint32_t i = 0; i < 500; ++i) ASSERT_TRUE(node.tell(*one, asking(0, i, 0)).ok());
  ASSERT_TRUE(node.tell(*other, asking(0, 1, 1000)).ok());
  EXPECT_TRUE(modest.wait(1, 12));
  EXPECT_FALSE(greedy.late().empty());
  EXPECT_EQ(node.counts().late, greedy.late().size());
}

TEST(Node, IsFullWhenItIsAndHasRoomWhenSomebodyLeaves) {
  Mailbox mailbox;
  Node node(noisy(), {.model = "", .weights = "", .workers = 1, .most_players = 1});
  const auto player = node.join(join_of(), mailbox.sender());
  EXPECT_EQ(node.join(join_of(), mailbox.sender()).error().message,
            "the node is full: it plays for 1");
  node.leave(*player);
  EXPECT_FALSE(node.tell(*player, asking(0, 1)).ok());
  EXPECT_TRUE(node.join(join_of(), mailbox.sender()).ok());
}

TEST(Seat, RefusesWhatCantBe) {
  Seat seat(std::make_unique<NoisyModel>(512), join_of());
  EXPECT_THAT(seat.put({{onset(0, 60, 2)}, {}}).error().message, HasSubstr("beyond the 2"));
  EXPECT_THAT(seat.put({{onset(0, 60, 1)}, {}}).error().message, HasSubstr("is an AI's"));
  EXPECT_THAT(seat.put({{onset(1 << 20, 60)}, {}}).error().message, HasSubstr("more than an hour"));
  ASSERT_TRUE(seat.put(asking(48, 1)).ok());
  EXPECT_THAT(seat.put(asking(45, 2)).error().message, HasSubstr("step 45 after one about 48"));
  EXPECT_FALSE(seat.put(asking(1 << 20, 2)).ok());
  wire::Tell flood;
  flood.events.assign(9000, onset(48, 60));
  EXPECT_THAT(seat.put(flood).error().message, HasSubstr("wait for a question"));
}

TEST(Seat, ComesInLate) {
  wire::Join join = join_of(12);
  join.start = 4800;
  Seat seat(std::make_unique<NoisyModel>(512), join);
  ASSERT_TRUE(seat.put({{onset(4790, 60)}, wire::Ask{4803, 1, 0}}).ok());
  const auto draft = seat.work(seat.take());
  ASSERT_TRUE(draft.has_value());
  EXPECT_EQ(std::get<wire::Draft>(*draft).until, 4806);
}

}  // namespace
}  // namespace antiphon::cloud
