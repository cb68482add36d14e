// SPDX-License-Identifier: Apache-2.0
#include "cloud/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
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

wire::Tell asking(std::int32_t from, std::uint32_t request, std::uint32_t within_us = 10'000'000) {
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
  bool wait_late(std::uint32_t request) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return late_.contains(request); });
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
  // It counts what it has sent.
  while (node.counts().frames < 16) std::this_thread::yield();
  EXPECT_EQ(node.counts().asked, 1U);
  node.clear();
}

TEST(Node, TheSameSeedAndPastGetTheSameAnswerWhoeverElsePlays) {
  const auto answer = [](int others) {
    Node node(noisy(), {.model = "", .weights = "", .workers = 2});
    std::vector<std::unique_ptr<Mailbox>> mailboxes;
    for (int i = 0; i <= others; ++i) {
      mailboxes.push_back(std::make_unique<Mailbox>());
      const auto player = node.join(join_of(288), mailboxes.back()->sender());
      EXPECT_TRUE(node.tell(*player, {{onset(0, 60 + i)}, wire::Ask{12, 1, 0}}).ok());
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

// What there is time to draft beyond the first frames differs from run to run; their answers don't.
TEST(Node, AnswersDontDependOnHowMuchWasDraftedAhead) {
  const auto answers = [](int others) {
    Node node(noisy(), {.model = "", .weights = "", .workers = 2});
    std::vector<std::unique_ptr<Mailbox>> mailboxes;
    std::vector<Node::Player> players;
    for (int i = 0; i <= others; ++i) {
      mailboxes.push_back(std::make_unique<Mailbox>());
      players.push_back(*node.join(join_of(24), mailboxes.back()->sender()));
    }
    std::vector<TimedEvent> first_frames;
    for (std::int32_t from = 3; from < 3 * 100; from += 3) {
      const auto request = static_cast<std::uint32_t>(from);
      for (std::size_t i = 0; i < players.size(); ++i)
        EXPECT_TRUE(
            node.tell(players[i], {{onset(from - 1, 40 + from % 40)}, wire::Ask{from, request, 0}})
                .ok());
      EXPECT_TRUE(mailboxes.front()->wait(request, from + 3));
      for (const wire::Draft& draft : mailboxes.front()->drafts()) {
        for (const TimedEvent& event : draft.events) {
          if (draft.request == request && event.at < from + 3) first_frames.push_back(event);
        }
      }
    }
    node.clear();
    return first_frames;
  };
  const auto alone = answers(0);
  EXPECT_GT(alone.size(), 8U);
  EXPECT_EQ(alone, answers(4));
}

// One who asks all the time and for at once doesn't keep another from its answer.
TEST(Node, AGreedyPlayerTakesFromItselfOnly) {
  Mailbox greedy, modest;
  Node node(noisy(), {});
  const auto one = node.join(join_of(768), greedy.sender());
  const auto other = node.join(join_of(12), modest.sender());
  for (std::uint32_t i = 1; i <= 500; ++i) ASSERT_TRUE(node.tell(*one, asking(0, i, 1)).ok());
  ASSERT_TRUE(node.tell(*other, asking(0, 1)).ok());
  EXPECT_TRUE(modest.wait(1, 12));
  EXPECT_FALSE(greedy.late().empty());
  EXPECT_GE(node.counts().late, greedy.late().size());
}

// A question whose time is over when its turn comes isn't worked on, and its player told so.
TEST(Node, LetsGoOfWhatWouldBeLate) {
  Mailbox mailbox;
  // A node whose only thread is kept from working until the question's time is over.
  std::promise<void> over;
  Node node(noisy(), {}, [gate = over.get_future().share()] {
    gate.wait();
    return std::unique_ptr<generate::ModelBatch>();
  });
  const auto player = node.join(join_of(3), mailbox.sender());
  ASSERT_TRUE(node.tell(*player, asking(3, 1, 1)).ok());
  const auto asked = Node::Clock::now();
  while (Node::Clock::now() < asked + 2us) std::this_thread::yield();
  over.set_value();
  ASSERT_TRUE(mailbox.wait_late(1));
  ASSERT_TRUE(node.tell(*player, asking(6, 2)).ok());
  EXPECT_TRUE(mailbox.wait(2, 9));
  EXPECT_EQ(node.counts().late, 1U);
  node.clear();
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
  seat.tell(seat.take());
  const auto draft = seat.work();
  ASSERT_TRUE(draft.has_value());
  EXPECT_EQ(std::get<wire::Draft>(draft->message).until, 4806);
}

}  // namespace
}  // namespace antiphon::cloud
