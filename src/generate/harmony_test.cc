// SPDX-License-Identifier: Apache-2.0
#include "generate/harmony.h"

#include <gtest/gtest.h>

#include "generate/improviser.h"
#include "generate/noisy_model.h"

namespace antiphon::generate {
namespace {

using tokens::EventType;

constexpr int quarter = tokens::steps_per_quarter;

music::PitchClassSet set_of(std::initializer_list<int> classes) {
  music::PitchClassSet set;
  for (const int one : classes) set.set(static_cast<std::size_t>(one));
  return set;
}

PitchClassTimes sounding(std::initializer_list<std::pair<int, double>> classes) {
  PitchClassTimes times{};
  for (const auto& [one, time] : classes) times[static_cast<std::size_t>(one)] = time;
  return times;
}

tokens::Header two_parts(int numerator) {
  tokens::Header header;
  header.meters = {{0, *music::Meter::of(numerator, 4)}};
  header.slots = {{tokens::Role::human, 52, 0, 0}, {tokens::Role::ai, 0, 5, 3}};
  return header;
}

TEST(Harmony, MostOfWhatSoundsMakesTheChord) {
  EXPECT_EQ(chord_of(sounding({{0, 24}, {4, 12}, {7, 12}, {2, 6}})), set_of({0, 4, 7}));
  EXPECT_EQ(chord_of(sounding({{7, 12}, {11, 12}, {2, 12}, {5, 12}})), set_of({7, 11, 2, 5}));
  EXPECT_EQ(chord_of(sounding({{9, 12}, {0, 12}})), set_of({9, 0, 4})) << "the root is there";
  EXPECT_EQ(chord_of(sounding({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}})), set_of({}));
  EXPECT_EQ(chord_of({}), set_of({}));
}

TEST(Harmony, ChordsChangeWithHalfBarsOrBars) {
  EXPECT_EQ(chord_changes(two_parts(4), 12, 96), (std::vector{12, 24, 48, 72, 96}));
  EXPECT_EQ(chord_changes(two_parts(3), 12, 96), (std::vector{12, 36, 72, 96}));
}

TEST(Harmony, WhatIsHeldSoundsUntilItIsLetGo) {
  const std::vector<TimedEvent> events = {{0, {EventType::onset, 0, 0, 60, 0, 0}},
                                          {0, {EventType::note, 0, 1, 40, 36, 0}},
                                          {30, {EventType::release, 0, 0, 60, 0, 0}},
                                          {30, {EventType::onset, 0, 0, 62, 0, 0}}};
  const std::vector<std::int32_t> changes = {12, 24, 48};
  std::vector<PitchClassTimes> times(2);
  add_sounding(events, two_parts(4), changes, times);
  EXPECT_EQ(times[0], sounding({{0, 12}, {4, 12}}));
  EXPECT_EQ(times[1], sounding({{0, 6}, {4, 12}, {2, 18}}));
}

TEST(ForetoldHarmony, HoldsAsLongAsThePlayerBearsItOut) {
  ForetoldHarmony foretold;
  for (int bar = 0; bar < 4; ++bar) foretold.foretell({bar * 48, set_of({0, 4, 7})});
  EXPECT_EQ(foretold.chart().size(), 4u);
  foretold.hear(0, 64);
  foretold.hear(quarter, 61);
  EXPECT_TRUE(foretold.chart()[0].classes.any()) << "one of two is in it";
  foretold.hear(2 * quarter + 3, 61);
  EXPECT_TRUE(foretold.chart()[0].classes.any()) << "between quarters anything may be played";
  foretold.hear(2 * quarter, 61);
  EXPECT_TRUE(foretold.chart()[0].classes.none());
  EXPECT_TRUE(foretold.chart()[1].classes.any());
  foretold.hear(48, 61);
  EXPECT_TRUE(foretold.chart()[3].classes.none()) << "it has failed twice";
  foretold.foretell({96, set_of({1, 5, 8})});
  ASSERT_EQ(foretold.chart().size(), 1u) << "what is foretold anew is believed anew,";
  EXPECT_EQ(foretold.chart()[0].classes, set_of({1, 5, 8}));
  foretold.foretell({24, set_of({2, 5, 9})});
  EXPECT_TRUE(foretold.chart()[0].classes.none()) << "unless it was played otherwise meanwhile";
}

TEST(Improviser, ForetellsWhatItsModelPlays) {
  NoisyModel model(512, tokens::field_pitch, 64);  // E, whoever plays.
  Improviser improviser(model, two_parts(4), {1, 1, 1}, 12);
  improviser.tell(Told::fact({0, {EventType::onset, 0, 0, 60, 0, 0}}));
  Told ask = Told::ask(12, 7, 12);
  ask.foretold = 84;
  improviser.tell(ask);
  std::vector<Drafted> drafted;
  while (improviser.busy()) improviser.work(drafted);
  std::vector<std::int32_t> times;
  std::int32_t until = 0;
  bool e = false;
  for (const Drafted& one : drafted) {
    if (one.kind == Drafted::Kind::covered) until = one.until;
    if (one.kind != Drafted::Kind::chord) continue;
    times.push_back(one.chord.at);
    e |= one.chord.classes.test(4);
  }
  EXPECT_EQ(until, 24) << "the answer is as long as it was asked for";
  EXPECT_EQ(times, (std::vector{12, 24, 48, 72}));
  EXPECT_TRUE(e);
}

}  // namespace
}  // namespace antiphon::generate
