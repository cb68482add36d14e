// SPDX-License-Identifier: Apache-2.0
#include "generate/steering.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "generate/noisy_model.h"
#include "generate/partner.h"

namespace antiphon::generate {
namespace {

using tokens::Role;

TEST(Steering, PullsInProportionOutsideTheMiddleOfAClassAndNotInside) {
  const tokens::Slot part{Role::ai, 0, /*density=*/5, 0, /*keeps_density=*/true};
  const auto bias_at = [&](std::int32_t every) {
    tokens::Played played;
    for (std::int32_t at = 0; at < 2400; at += every) played.add(at, 60, 12);
    return onset_bias(part, played, 2400);
  };
  EXPECT_EQ(bias_at(10), 0);  // 1.2 a quarter, of 1 to 1.5.
  EXPECT_GT(bias_at(12), 0);
  EXPECT_GT(bias_at(16), bias_at(12));
  EXPECT_LT(bias_at(8), 0);
  EXPECT_LT(bias_at(6), bias_at(8));
  EXPECT_GE(bias_at(1), -10);
  EXPECT_LE(bias_at(800), 10);
}

TEST(Steering, WhatIsNotToBeKeptIsAHintOnly) {
  tokens::Played played;
  for (const std::int32_t at : {0, 0, 0, 1, 1, 1}) played.add(at, 60, 12);
  const tokens::Slot told{Role::ai, 0, 1, 1};
  EXPECT_EQ(onset_bias(told, played, 4800), 0);
  EXPECT_EQ(chord_bias(told, played), 0);
}

TEST(Steering, APitchClassGainsThatTellsTheKeyFromItsBestRival) {
  const music::Key c_major{0, music::Mode::major};
  music::PitchClasses played = {3, 0, 1, 0, 1, 1, 0, 2, 0, 1, 0, 1};
  EXPECT_EQ(key_bias(c_major, played), music::PitchClasses{});
  // As much of A and its neighbours, and it may be A minor.
  played = {2, 0, 2, 0, 4, 1, 0, 1, 0, 4, 0, 2};
  const music::PitchClasses bias = key_bias(c_major, played);
  EXPECT_GT(bias[0], 0);
  EXPECT_GT(bias[7], 0);
  EXPECT_LT(bias[9], 0);
  EXPECT_LT(bias[8], 0);
  for (double& time : played) time *= 1000;
  for (const double nats : key_bias({6, music::Mode::major}, played)) EXPECT_LE(std::abs(nats), 3);
}

TEST(Steering, PartsAreInTheKeyThatTheyWereAskedFor) {
  for (const music::Key key : music::all_keys()) {
    NoisyModel model(512);
    tokens::Header header;
    header.keys = {{0, key}};
    header.keeps_key = true;
    header.slots = {{Role::ai, 0}};
    Partner partner(model, header, 0, {});
    music::PitchClasses played{};
    for (const auto& [at, event] : partner.play(1200)) {
      if (event.type == tokens::EventType::note) played[event.pitch % 12] += event.duration;
    }
    EXPECT_EQ(music::find_key(played), key);
  }
}

TEST(Steering, PartsFollowAPlayerToADistantKey) {
  const music::Key there{6, music::Mode::major};
  constexpr std::array<int, 8> tune = {60, 64, 67, 65, 62, 71, 69, 72};
  constexpr int move = 240, heard = 420, end = 1000;  // Steps.
  music::PitchClasses played{};
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    NoisyModel model(512);
    tokens::Header header;
    header.keys = {{0, {}}};
    header.slots = {{Role::human, 0}, {Role::ai, 0}};
    Partner partner(model, header, 0, {.seed = seed});
    const auto listen = [&](const TimedEvent& human) {
      for (const auto& [at, event] : partner.play(human.at)) {
        if (event.type == tokens::EventType::note && at >= heard)
          played[event.pitch % 12] += event.duration;
      }
      partner.hear(human);
    };
    for (std::int32_t at = 0; at < end; at += 12) {
      tokens::Event event{tokens::EventType::onset};
      const int pitch = tune[static_cast<std::size_t>(at / 12) % tune.size()];
      event.pitch = static_cast<std::uint8_t>(at < move ? pitch : pitch + 6);
      listen({at, event});
      event.type = tokens::EventType::release;
      listen({at + 6, event});
    }
  }
  EXPECT_EQ(music::find_key(played), there);
}

// What comes of a part beside a human one, of a model that plays at random. It is too wild for the
// last classes: a chord grows upwards, and soon there is nothing above.
tokens::GridPart played_by(const tokens::Slot& part) {
  tokens::GridScore score;
  score.meters = {{0, music::Meter()}};
  score.parts.resize(2);
  for (std::int32_t at = 0; at < 4800; at += 12) score.parts[0].notes.push_back({at, 12, 60, 0});
  const std::vector<Role> duet = {Role::human, Role::ai};
  NoisyModel model(512);
  tokens::Header header = header_of(score, duet, tokens::Style::song);
  header.slots[1] = part;
  Partner partner(model, header, 0, {});
  tokens::GridPart out;
  for (const TimedEvent& human : human_events(score, duet)) {
    for (const auto& [at, event] : partner.play(human.at)) {
      if (event.type == tokens::EventType::note)
        out.notes.push_back({at, event.duration, event.pitch, 0});
    }
    partner.hear(human);
  }
  return out;
}

TEST(Steering, APartHasTheDensityThatItWasAskedFor) {
  for (int density = 1; density <= 7; ++density)
    EXPECT_EQ(tokens::density_class(played_by({Role::ai, 0, density, 0, true})), density);
}

TEST(Steering, APartHasThePolyphonyThatItWasAskedFor) {
  for (int polyphony = 1; polyphony <= 3; ++polyphony)
    EXPECT_EQ(tokens::polyphony_class(played_by({Role::ai, 0, 5, polyphony, false, true})),
              polyphony);
}

}  // namespace
}  // namespace antiphon::generate
