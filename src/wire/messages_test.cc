// SPDX-License-Identifier: Apache-2.0
#include "wire/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace antiphon::wire {
namespace {

using generate::TimedEvent;
using testing::HasSubstr;
using tokens::EventType;

Join join_of() {
  Join join;
  join.token = "secret";
  join.header.style = tokens::Style::hymn;
  join.header.bpm = 96.5;
  join.header.meters = {{0, *music::Meter::of(3, 4)}, {72, *music::Meter::of(6, 8)}};
  join.header.keys = {{0, {-3, music::Mode::minor}}};
  join.header.slots = {{tokens::Role::human, 73, 0, 0},
                       {tokens::Role::ai, 128, 5, 3, true, false, 2}};
  join.sampling = {0.95, 0.9, 42};
  join.reach = 48;
  join.start = 9;
  return join;
}

TimedEvent note(std::int32_t at) {
  TimedEvent event;
  event.at = at;
  event.event = {EventType::note, 0, 1, 64, 12, 9};
  return event;
}

template <class Message>
Result<Up> sent(const Message& message) {
  return parse_up(encode(Up(message)));
}

TEST(Messages, AJoinComesAsItWasSent) {
  const auto up = sent(join_of());
  ASSERT_TRUE(up.ok()) << up.error().message;
  const Join join = std::get<Join>(*up), wanted = join_of();
  EXPECT_EQ(join.token, wanted.token);
  EXPECT_EQ(join.header.style, wanted.header.style);
  EXPECT_EQ(join.header.bpm, wanted.header.bpm);
  EXPECT_EQ(join.header.meters, wanted.header.meters);
  EXPECT_EQ(join.header.keys, wanted.header.keys);
  EXPECT_EQ(join.header.slots, wanted.header.slots);
  EXPECT_EQ(join.sampling.temperature, 0.95);
  EXPECT_EQ(join.sampling.seed, 42U);
  EXPECT_EQ(join.reach, 48);
  EXPECT_EQ(join.start, 9);
}

TEST(Messages, EventsAndQuestionsComeAsTheyWereSent) {
  const auto up = sent(Tell{{note(3), note(100)}, Ask{102, 7, 12000}});
  ASSERT_TRUE(up.ok()) << up.error().message;
  const Tell tell = std::get<Tell>(*up);
  EXPECT_EQ(tell.events, (std::vector{note(3), note(100)}));
  ASSERT_TRUE(tell.ask.has_value());
  EXPECT_EQ(tell.ask->from, 102);
  EXPECT_EQ(tell.ask->within_us, 12000U);

  const auto down = parse_down(encode(Down(Draft{7, {note(104)}, 105, 3})));
  ASSERT_TRUE(down.ok()) << down.error().message;
  const Draft draft = std::get<Draft>(*down);
  EXPECT_EQ(draft.events, std::vector{note(104)});
  EXPECT_EQ(draft.until, 105);
  EXPECT_EQ(draft.heard, 3U);
}

TEST(Messages, ADraftToBeCheckedComesAsItWasSent) {
  generate::DrawnChoice certain, open;
  certain = {64, 1, {{{64, 255}}}};
  open = {3, 3, {{{12, 255}, {0, 200}, {3, 1}}}};
  const std::vector<generate::DrawnChoice> drafted = {certain, open, open};
  const auto up = sent(Tell{{}, Ask{102, 7, 12000, 3, drafted}});
  ASSERT_TRUE(up.ok()) << up.error().message;
  EXPECT_EQ(std::get<Tell>(*up).ask->drafted, drafted);

  const auto down = parse_down(encode(Down(Draft{7, {}, 105, 3, 105})));
  ASSERT_TRUE(down.ok()) << down.error().message;
  EXPECT_EQ(std::get<Draft>(*down).agreed, 105);
}

TEST(Messages, HarmonyComesAsItWasSent) {
  const Harmony harmony{7, {{96, music::PitchClassSet(0b000010010001)}, {120, {}}}};
  const auto down = parse_down(encode(Down(harmony)));
  ASSERT_TRUE(down.ok()) << down.error().message;
  EXPECT_EQ(std::get<Harmony>(*down).chords, harmony.chords);
  EXPECT_EQ(std::get<Harmony>(answer_of(drafted_of(harmony))).chords, harmony.chords);
  const Harmony backwards{7, {{96, {}}, {72, {}}}};
  EXPECT_THAT(parse_down(encode(Down(backwards))).error().message,
              HasSubstr("a chord's time must be 96"));
}

TEST(Messages, WhatIsAgreedOnComesBeforeTheRest) {
  const Draft draft{7, {note(108)}, 111, 3, 105};
  const auto drafted = drafted_of(draft);
  ASSERT_EQ(drafted.size(), 3u);
  EXPECT_TRUE(drafted[0].adopted);
  EXPECT_EQ(drafted[0].until, 105);
  const auto again = std::get<Draft>(answer_of(drafted));
  EXPECT_EQ(again.agreed, 105);
  EXPECT_EQ(again.until, 111);
  EXPECT_EQ(again.events, draft.events);
}

TEST(Messages, ADraftOfNoDistributionIsRefused) {
  const auto refused = [](generate::DrawnChoice choice) {
    const auto up = sent(Tell{{}, Ask{0, 1, 0, 3, {choice}}});
    return up.ok() ? std::string() : up.error().message;
  };
  EXPECT_EQ(refused({64, 2, {{{64, 255}, {65, 0}}}}),
            "message: a draft with a choice that is none");
  EXPECT_EQ(refused({64, 2, {{{64, 255}, {64, 1}}}}),
            "message: a draft with a choice that is none");
  EXPECT_EQ(refused({130, 1, {{{130, 255}}}}), "message: a draft with a choice that is none");
  EXPECT_EQ(refused({9, 1, {{{8, 255}}}}), "message: a draft that is cut short");
}

TEST(Messages, WhatIsOutOfItsRangeIsNamed) {
  const auto refused = [](auto change) {
    Join join = join_of();
    change(join);
    const auto up = sent(join);
    return up.ok() ? std::string() : up.error().message;
  };
  EXPECT_EQ(refused([](Join& join) { join.reach = 2; }), "message: reach must be 3 to 768, got 2");
  EXPECT_THAT(refused([](Join& join) { join.header.slots[1].instrument = 130; }),
              HasSubstr("instrument must be 0 to 129"));
  EXPECT_THAT(refused([](Join& join) { join.header.slots[1].difficulty = 4; }),
              HasSubstr("difficulty must be 0 to 3, got 4"));
  EXPECT_THAT(refused([](Join& join) { join.header.slots.clear(); }),
              HasSubstr("number of slots must be 1 to 8, got 0"));
  EXPECT_THAT(refused([](Join& join) { std::swap(join.header.meters[0], join.header.meters[1]); }),
              HasSubstr("a meter's time must be 72"));
  EXPECT_THAT(
      refused([](Join& join) { join.header.bpm = std::numeric_limits<double>::quiet_NaN(); }),
      HasSubstr("bpm"));
  EXPECT_THAT(refused([](Join& join) { join.sampling.top_p = 2; }), HasSubstr("top-p"));
  TimedEvent endless = note(0);
  endless.event.duration = 97;
  EXPECT_THAT(sent(Tell{{endless}, {}}).error().message, HasSubstr("duration must be 1 to 96"));
  EXPECT_THAT(sent(Tell{{note(-1)}, {}}).error().message, HasSubstr("at must be 0 to"));
}

Steps steps_of() {
  Steps steps;
  steps.steps = {7, 12, {96, 99}, {3, {0.5f, 0.0f}, {-127, 0, 127, 1, 2, 3}}, {4, 6}, 1};
  steps.within_us = 90000;
  return steps;
}

TEST(Messages, ActivationsComeAsTheyWereSent) {
  const auto up = sent(steps_of());
  ASSERT_TRUE(up.ok()) << up.error().message;
  const Steps steps = std::get<Steps>(*up), wanted = steps_of();
  EXPECT_EQ(steps.steps.serial, 7u);
  EXPECT_EQ(steps.steps.at, 12u);
  EXPECT_EQ(steps.steps.times, wanted.steps.times);
  EXPECT_EQ(steps.steps.rows.dim, 3u);
  EXPECT_EQ(steps.steps.rows.scales, wanted.steps.rows.scales);
  EXPECT_EQ(steps.steps.rows.values, wanted.steps.rows.values);
  EXPECT_EQ(steps.steps.recalled.from, 4u);
  EXPECT_EQ(steps.steps.recalled.count, 6u);
  EXPECT_EQ(steps.steps.wanted, 1u);
  EXPECT_EQ(steps.within_us, 90000u);

  const auto join = sent(JoinLayers{"secret", std::string(64, 'a'), {1, 5}});
  ASSERT_TRUE(join.ok()) << join.error().message;
  EXPECT_EQ(std::get<JoinLayers>(*join).cut, (nn::Cut{1, 5}));

  const auto down = parse_down(encode(Down(Added{7, wanted.steps.rows})));
  ASSERT_TRUE(down.ok()) << down.error().message;
  EXPECT_EQ(std::get<Added>(*down).rows.values, wanted.steps.rows.values);
}

TEST(Messages, ActivationsOfNoShapeAreRefused) {
  const auto refused = [](auto change) {
    Steps steps = steps_of();
    change(steps.steps);
    const auto up = sent(steps);
    return up.ok() ? std::string() : up.error().message;
  };
  EXPECT_EQ(refused([](auto& steps) { steps.rows.values.pop_back(); }),
            "message: 5 numbers are no 2 rows of activations");
  EXPECT_THAT(refused([](auto& steps) { steps.rows = {}; }), HasSubstr("0 numbers are no 0 rows"));
  EXPECT_THAT(refused([](auto& steps) { steps.times.pop_back(); }),
              HasSubstr("number of times must be 2 to 2, got 1"));
  EXPECT_THAT(refused([](auto& steps) { steps.times[1] = -1; }), HasSubstr("a step's time"));
  EXPECT_THAT(refused([](auto& steps) { steps.wanted = 3; }), HasSubstr("steps wanted"));
  EXPECT_THAT(refused([](auto& steps) { steps.rows.scales[0] = std::nanf(""); }),
              HasSubstr("a scale of activations"));
  EXPECT_THAT(sent(JoinLayers{"", std::string(64, 'a'), {2, 2}}).error().message,
              HasSubstr("no layers between the cuts"));
}

TEST(Messages, WhatIsNoneIsRefused) {
  EXPECT_FALSE(parse_up("").ok());
  EXPECT_FALSE(parse_up("GET / HTTP/1.1").ok());
  EXPECT_FALSE(parse_up(std::string(largest_message + 1, '\0')).ok());
  const std::string whole = encode(Up(join_of()));
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_FALSE(parse_up(whole.substr(0, size)).ok()) << size;
  EXPECT_FALSE(parse_down(whole).ok());
}

}  // namespace
}  // namespace antiphon::wire
