// SPDX-License-Identifier: Apache-2.0
#include "cloud/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/node.h"
#include "cloud/visit.h"
#include "generate/noisy_model.h"

namespace antiphon::cloud {
namespace {

using testing::HasSubstr;

// Tokens in memory.
std::unique_ptr<Tokens> tokens() { return *Tokens::open(":memory:"); }

TEST(Door, LetsInAsManySessionsAsTheTokenIsFor) {
  const auto all = tokens();
  const std::string secret = (*all->add({"two", Role::player, 2}, seconds_now())).secret;
  Door door(all.get());
  auto one = door.let_in(secret);
  {
    const auto other = door.let_in(secret);
    ASSERT_TRUE(one.ok() && other.ok());
    EXPECT_THAT(door.let_in(secret).error().message, HasSubstr("2 sessions at a time"));
  }
  EXPECT_TRUE(door.let_in(secret).ok());
  EXPECT_THAT(door.let_in("wrong").error().message, HasSubstr("isn't known here"));
}

TEST(Door, LetsNobodyInWhenItIsClosed) {
  Door door(nullptr);
  EXPECT_TRUE(door.let_in("").ok());
  door.close();
  EXPECT_THAT(door.let_in("").error().message, HasSubstr("about to stop"));
}

TEST(Allowance, IsSoManyASecondAndSoManyAtOnce) {
  Allowance allowance(10, 3);
  EXPECT_TRUE(allowance.take(3, 0));
  EXPECT_FALSE(allowance.take(1, 0.05));
  EXPECT_TRUE(allowance.take(1, 0.1));
  EXPECT_TRUE(allowance.take(3, 100));
  EXPECT_FALSE(allowance.take(1, 100));
}

// A player without a socket, and what it is sent.
class VisitTest : public testing::Test {
 protected:
  VisitTest()
      : node_([] { return std::make_unique<generate::NoisyModel>(512); },
              {"noise", std::string(64, '0')}),
        visit_(node_, nullptr, door_, log_, "here", [this](const std::string& bytes) {
          const std::lock_guard lock(mutex_);
          const auto message = wire::parse_down(bytes);
          if (const auto* late = std::get_if<wire::Late>(&*message)) late_.push_back(late->request);
          joined_ |= std::holds_alternative<wire::Joined>(*message);
        }) {}

  std::string hear(const wire::Up& message) {
    const Status status = visit_.hear(wire::encode(message));
    return status ? "" : status.error().message;
  }
  static wire::Join join() {
    wire::Join join;
    join.header.slots = {{tokens::Role::human, 0, 0, 0}, {tokens::Role::ai, 0, 5, 3}};
    join.reach = 3;
    return join;
  }
  std::vector<std::uint32_t> late() {
    const std::lock_guard lock(mutex_);
    return late_;
  }

  std::mutex mutex_;
  std::vector<std::uint32_t> late_;
  bool joined_ = false;
  Node node_;
  Door door_{nullptr};
  const Log log_ = [](const char*, const LogFields&) {};
  Visit visit_;
};

TEST_F(VisitTest, BeginsWithJoiningOnce) {
  EXPECT_THAT(hear(wire::Tell{}), HasSubstr("expected to be joined first"));
  EXPECT_EQ(hear(wire::Ping{7}), "");
  EXPECT_EQ(hear(join()), "");
  EXPECT_THAT(hear(join()), HasSubstr("has joined already"));
  EXPECT_THAT(visit_.hear("\xff\xff").error().message, HasSubstr("not one of this protocol"));
}

TEST_F(VisitTest, QuestionsBeyondWhatIsAllowedAreLateAtOnce) {
  ASSERT_EQ(hear(join()), "");
  const auto asked = static_cast<std::uint32_t>(10 * usual_questions_a_second);
  for (std::uint32_t i = 1; i <= asked; ++i)
    ASSERT_EQ(hear(wire::Tell{{}, wire::Ask{static_cast<std::int32_t>(3 * i), i, 0}}), "");
  EXPECT_GT(late().size(), asked / 2);
  EXPECT_LE(node_.counts().asked, asked - asked / 2);
}

TEST_F(VisitTest, MoreEventsThanAnybodyPlaysEndIt) {
  ASSERT_EQ(hear(join()), "");
  wire::Tell tell;
  tell.events.assign(1000, {0, {tokens::EventType::onset, 0, 0, 60, 0, 0}});
  std::string answer;
  for (std::uint32_t i = 1; i < 100 && answer.empty(); ++i) {
    tell.ask = wire::Ask{3, i, 0};
    answer = hear(tell);
  }
  EXPECT_NE(answer, "");
}

}  // namespace
}  // namespace antiphon::cloud
