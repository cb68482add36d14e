// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "edge/measures.h"
#include "edge/performer.h"
#include "generate/noisy_model.h"
#include "generate/small_net.h"
#include "wire/messages.h"

namespace antiphon::edge {
namespace {

using namespace std::chrono_literals;
using collab::Mode;
using generate::NoisyModel;
using std::chrono::nanoseconds;
using testing::Each;
using testing::Field;

TEST(EmulatedLink, DelaysByHalfTheRoundTripInOrder) {
  const NetworkProfile profile{"", 60ms, 20ms, 0, 5, 20, 0s, 0s};
  EmulatedLink link(profile, EmulatedLink::Way::up, 1);
  nanoseconds sum{}, last{};
  const int sent = 2000;
  for (int i = 0; i < sent; ++i) {
    const nanoseconds now = i * 100ms;
    const nanoseconds at = link.send(now, 100).value();
    EXPECT_GE(at, last);
    last = at;
    sum += at - now;
  }
  EXPECT_NEAR(std::chrono::duration<double>(sum).count() / sent, 0.030, 0.002);
}

TEST(EmulatedLink, ALineTakesItsTime) {
  const NetworkProfile profile{"", 0ms, 0ms, 0, 1, 1, 0s, 0s};
  EmulatedLink link(profile, EmulatedLink::Way::down, 1);
  EXPECT_EQ(link.send(0ns, 1190), 10ms);  // With 60 bytes of headers, at 1 Mbit/s.
  EXPECT_EQ(link.send(0ns, 1190), 20ms);
}

TEST(EmulatedLink, WhatIsLostComesLateAndHoldsUpTheRest) {
  const NetworkProfile profile{"", 20ms, 0ms, 0.1, 0, 0, 0s, 0s};
  EmulatedLink link(profile, EmulatedLink::Way::up, 1);
  int late = 0;
  nanoseconds last{};
  for (int i = 0; i < 1000; ++i) {
    const nanoseconds now = i * 1s, at = link.send(now, 100).value();
    late += at - now > 10ms;
    EXPECT_TRUE(at - now == 10ms || at - now >= 200ms);
    EXPECT_GE(at, last);
    last = at;
  }
  EXPECT_NEAR(late, 100, 40);
}

TEST(EmulatedLink, AnOutageEnds) {
  const NetworkProfile profile{"", 20ms, 0ms, 0, 0, 0, 3s, 20s};
  EmulatedLink link(profile, EmulatedLink::Way::up, 1);
  EXPECT_EQ(link.send(1s, 100), 1010ms);
  const nanoseconds at = link.send(17500ms, 100).value();
  EXPECT_GE(at, 20s);
  EXPECT_LT(at, 24s);
}

TEST(EmulatedLink, AfterALongOutageItIsMadeAnew) {
  const NetworkProfile profile{"", 20ms, 0ms, 0, 0, 0, 10s, 20s};
  EmulatedLink link(profile, EmulatedLink::Way::up, 1);
  EXPECT_EQ(link.send(9s, 100), 9010ms);
  EXPECT_FALSE(link.send(11s, 100)) << "given up";
  EXPECT_FALSE(link.send(19s, 100)) << "there is none,";
  EXPECT_EQ(link.send(20s, 100), 20090ms) << "and then a new one";
  EXPECT_EQ(link.send(21s, 100), 21010ms);
}

TEST(EmulatedLink, NothingGetsThroughWhereThereIsNoNetwork) {
  EmulatedLink link(*network_profile("offline"), EmulatedLink::Way::up, 1);
  EXPECT_FALSE(link.send(0ns, 1));
}

// Bars of quarters at 120.
JamSetup setup_of(std::uint64_t seed, int bars = 16) {
  Random random(seed);
  music::Score score;
  score.parts.resize(1);
  for (std::int64_t at = 0; at < bars * 4 * 960; at += 960)
    score.parts[0].notes.push_back(
        {{at}, {960}, static_cast<std::uint8_t>(60 + random.below(20)), 80});
  const std::vector<std::size_t> human = {0};
  const std::vector<generate::AiPart> ai = {{0, 5, 3}};
  JamSetup setup = *perform(score, human, ai, tokens::Style::song, 1);
  setup.sampling = {1.0, 0.98, seed};
  return setup;
}

// With a node behind that network, a model and a reflex here.
Jam jam(const char* network, std::optional<Mode> mode, std::uint64_t seed = 1,
        const SimulatedCost& cost = {}) {
  NoisyModel cloud(512), edge(512), reflex(256);
  JamSetup setup = setup_of(seed);
  setup.node.wishes.mode = mode;
  return simulate({&edge, &reflex}, setup, cost, {}, {&cloud, *network_profile(network)});
}

double share(const JamMeasures& measures, Tier tier) {
  return measures.tier_share[static_cast<std::size_t>(tier)];
}

TEST(Sharing, NoFrameIsWithoutAModelsAnswerWhateverTheNetwork) {
  for (const NetworkProfile& network : network_profiles) {
    for (const auto& mode :
         {std::optional<Mode>(), std::optional(Mode::edge_first), std::optional(Mode::cloud_first),
          std::optional(Mode::drafts), std::optional(Mode::time), std::optional(Mode::alone)}) {
      const JamMeasures measures = measure(jam(network.name, mode));
      EXPECT_EQ(measures.frames, 256u);
      EXPECT_EQ(measures.isr_delivered, 1.0) << network.name;
      EXPECT_EQ(measures.isr_model, 1.0) << network.name;
    }
  }
}

TEST(Sharing, ANearNodePlays) {
  for (const char* network : {"lan", "fibre"}) {
    const JamMeasures measures = measure(jam(network, {}));
    EXPECT_GT(share(measures, Tier::cloud), 0.9) << network;
    EXPECT_GT(measures.isr_w, 0.99);
  }
}

TEST(Sharing, AFarNodeIsCoveredFor) {
  const JamMeasures measures = measure(jam("satellite", {}));
  EXPECT_LT(share(measures, Tier::cloud) + share(measures, Tier::cloud_backup), 0.5);
  EXPECT_GT(share(measures, Tier::edge), 0.5);
  EXPECT_GT(measures.isr_w, 0.9);
}

TEST(Sharing, ANodeThatIsGoneIsTakenBackWithinABar) {
  const Jam played = jam("flapping", {});
  ASSERT_EQ(played.frames.size(), 256u);  // 32 s: out from 17 to 20.
  const auto of_node = [&](std::size_t from, std::size_t until) {
    return std::count_if(played.frames.begin() + static_cast<std::ptrdiff_t>(from),
                         played.frames.begin() + static_cast<std::ptrdiff_t>(until),
                         [](const FrameRecord& frame) { return frame.tier <= Tier::cloud_backup; });
  };
  EXPECT_GT(of_node(0, 136), 120);
  EXPECT_LT(of_node(144, 160), 4);
  EXPECT_GT(of_node(176, 256), 70) << "back within a bar";
  EXPECT_GE(played.plans.size(), 3u) << "it was planned anew";
}

TEST(Sharing, AMinuteWithoutANetworkIsNotHeard) {
  const NetworkProfile network{"", 25ms, 3ms, 0.0001, 50, 200, 60s, 80s};  // Out from 20 s to 80 s.
  constexpr std::size_t out = 20 * 8, back = 80 * 8, bar = 16;             // Frames.
  for (const auto& mode :
       {std::optional<Mode>(), std::optional(Mode::edge_first), std::optional(Mode::cloud_first),
        std::optional(Mode::time), std::optional(Mode::drafts)}) {
    NoisyModel cloud(512), edge(512), reflex(256);
    JamSetup setup = setup_of(1, 48);
    setup.node.wishes.mode = mode;
    const Jam played = simulate({&edge, &reflex}, setup, {}, {}, {&cloud, network});
    const JamMeasures measures = measure(played);
    EXPECT_EQ(measures.isr_delivered, 1.0);
    EXPECT_EQ(measures.isr_model, 1.0);
    ASSERT_EQ(played.frames.size(), 48 * bar);
    const auto of_node = [&](std::size_t from, std::size_t until) {
      return std::count_if(
          played.frames.begin() + static_cast<std::ptrdiff_t>(from),
          played.frames.begin() + static_cast<std::ptrdiff_t>(until),
          [](const FrameRecord& frame) { return frame.tier <= Tier::cloud_backup; });
    };
    const auto name = mode ? collab::mode_names[static_cast<std::size_t>(*mode)] : "auto";
    EXPECT_GT(of_node(out - bar, out), 0) << name;
    EXPECT_EQ(of_node(out + bar, back), 0) << name;
    EXPECT_GT(of_node(back, back + bar), 0) << name << " isn't back within a bar";
  }
}

// Where chance plays no part, what is checked in time is what the node plays when it leads.
TEST(Sharing, DraftsThatAreCheckedInTimeAreTheNodes) {
  const auto played = [](Mode mode) {
    NoisyModel cloud(512), reflex(256, tokens::field_pitch, 60);
    JamSetup setup = setup_of(5);
    setup.sampling.temperature = 0;
    setup.node.wishes.mode = mode;
    return simulate({nullptr, &reflex}, setup, {}, {}, {&cloud, *network_profile("lan")});
  };
  const Jam checked = played(Mode::drafts), led = played(Mode::cloud_first);
  EXPECT_GT(share(measure(checked), Tier::cloud), 0.99);
  ASSERT_GT(led.notes.size(), 10u);
  EXPECT_TRUE(std::equal(led.notes.begin(), led.notes.end(), checked.notes.begin(),
                         checked.notes.end(), [](const NoteRecord& a, const NoteRecord& b) {
                           return a.pitch == b.pitch && a.onset == b.onset && a.end == b.end;
                         }));
}

// With a node that can do all.
Jam jam_with(const NetworkProfile& network, const collab::Wishes& wishes,
             std::function<void(EmulatedLink::Way, std::string_view)> wire = {}) {
  NoisyModel cloud(512), edge(512), reflex(256);
  JamSetup setup = setup_of(2);
  setup.node.wishes = wishes;
  SimulatedNode node{&cloud, network};
  node.shared = {generate::small_net(), std::string(64, 'a'), {1, 3}, 0.1, [] {
                   return std::make_unique<NoisyModel>(256);
                 }};
  node.wire = std::move(wire);
  return simulate({&edge, &reflex}, setup, {}, {}, node);
}

TEST(Sharing, NothingLeavesAgainstThePolicy) {
  for (const auto& [policy, mode] :
       {std::pair(collab::Policy::nothing, std::optional(Mode::cloud_first)),
        std::pair(collab::Policy::nothing, std::optional(Mode::layers)),
        std::pair(collab::Policy::nothing, std::optional<Mode>()),
        std::pair(collab::Policy::activations, std::optional(Mode::cloud_first)),
        std::pair(collab::Policy::activations, std::optional(Mode::edge_first))}) {
    const Jam played = jam_with(*network_profile("lan"), {policy, mode});
    EXPECT_EQ(played.bytes_up, 0u);
    EXPECT_THAT(played.frames, Each(Field(&FrameRecord::tier, Tier::edge)));
  }
}

// Each message is read back, and has nothing in it but what is read there.
TEST(Sharing, NoNoteIsOnTheWireWhereAModelIsSharedByLayers) {
  for (const auto& mode : {std::optional<Mode>(), std::optional(Mode::layers)}) {
    int joins = 0, steps = 0, added = 0;
    const Jam played =
        jam_with(*network_profile("lan"), {collab::Policy::activations, mode},
                 [&](EmulatedLink::Way way, std::string_view bytes) {
                   if (way == EmulatedLink::Way::down) {
                     const auto down = wire::parse_down(bytes);
                     ASSERT_TRUE(down.ok() && std::holds_alternative<wire::Added>(*down));
                     EXPECT_EQ(wire::encode(*down), bytes);
                     ++added;
                     return;
                   }
                   const auto up = wire::parse_up(bytes);
                   ASSERT_TRUE(up.ok());
                   EXPECT_EQ(wire::encode(*up), bytes);
                   joins += std::holds_alternative<wire::JoinLayers>(*up);
                   steps += std::holds_alternative<wire::Steps>(*up);
                 });
    EXPECT_EQ(joins, 1);
    EXPECT_GT(steps, 60);
    EXPECT_LE(steps, 256) << "at most one a frame";
    EXPECT_GT(added, 60);
    EXPECT_EQ(played.left.events, 0u);
    EXPECT_GT(played.left.rows, 100u);
    EXPECT_GT(share(measure(played), Tier::cloud), 0.9);
  }
  EXPECT_GT(jam_with(*network_profile("lan"), {}).left.events, 64u)
      << "where they may leave they do";
}

TEST(Sharing, LayersThatAreLateAreCoveredFor) {
  for (const NetworkProfile& network : network_profiles) {
    for (const auto& mode : {std::optional<Mode>(), std::optional(Mode::layers)}) {
      const JamMeasures measures = measure(jam_with(network, {collab::Policy::activations, mode}));
      EXPECT_EQ(measures.frames, 256u);
      EXPECT_EQ(measures.isr_delivered, 1.0) << network.name;
      EXPECT_EQ(measures.isr_model, 1.0) << network.name;
    }
  }
}

TEST(Sharing, WhereTheDeviceLeadsItTakesWhatFits) {
  const JamMeasures measures = measure(jam("fibre", Mode::edge_first));
  // The node's model is the device's own, so about every other of its drafts is likelier.
  const double of_node = share(measures, Tier::cloud) + share(measures, Tier::cloud_backup);
  EXPECT_GT(of_node, 0.3);
  EXPECT_LT(of_node, 1.0);
  EXPECT_GT(share(measures, Tier::edge), 0.0);
}

TEST(Sharing, WhoPlaysBetterTakesNothing) {
  NoisyModel cloud(512), edge(256);
  JamSetup setup = setup_of(4);
  setup.node.better = setup.node.proposes = false;
  const JamMeasures measures =
      measure(simulate({&edge, nullptr}, setup, {}, {}, {&cloud, *network_profile("lan")}));
  EXPECT_EQ(share(measures, Tier::edge), 1.0);
}

TEST(Sharing, TheSameSeedPlaysTheSame) {
  const Jam one = jam("mobile", {}, 3), other = jam("mobile", {}, 3);
  EXPECT_EQ(one.bytes_down, other.bytes_down);
  ASSERT_GT(one.notes.size(), 10u);
  EXPECT_TRUE(std::equal(one.notes.begin(), one.notes.end(), other.notes.begin(), other.notes.end(),
                         [](const NoteRecord& a, const NoteRecord& b) {
                           return a.pitch == b.pitch && a.onset == b.onset && a.end == b.end;
                         }));
}

TEST(Sharing, ADeviceWithAReflexOnlyTakesWhatFitsToo) {
  NoisyModel cloud(512), reflex(256);
  JamSetup setup = setup_of(4);
  setup.node.wishes.mode = Mode::edge_first;
  const JamMeasures measures =
      measure(simulate({nullptr, &reflex}, setup, {}, {}, {&cloud, *network_profile("fibre")}));
  EXPECT_EQ(measures.isr_model, 1.0);
  EXPECT_GT(share(measures, Tier::cloud) + share(measures, Tier::cloud_backup), 0.3);
  EXPECT_GT(share(measures, Tier::reflex), 0.0);
}

}  // namespace
}  // namespace antiphon::edge
