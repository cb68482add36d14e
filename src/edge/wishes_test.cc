// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "edge/measures.h"
#include "edge/performer.h"
#include "edge/player.h"
#include "generate/noisy_model.h"

namespace antiphon::edge {
namespace {

using namespace std::chrono_literals;
using generate::Control;
using generate::NoisyModel;

// Sixteen bars of halves at 120, with a piano.
JamSetup setup_of(std::uint64_t seed) {
  music::Score score;
  score.parts.resize(1);
  for (std::int64_t at = 0; at < 16 * 4 * 960; at += 1920)
    score.parts[0].notes.push_back({{at}, {960}, 67, 80});
  const std::vector<std::size_t> human = {0};
  const std::vector<generate::AiPart> ai = {{0, 5, 3}};
  JamSetup setup = *perform(score, human, ai, tokens::Style::song, 1);
  setup.sampling = {1.0, 1.0, seed};
  setup.reach = 12;
  return setup;
}

Jam jam(const JamSetup& setup) {
  NoisyModel model(512), reflex(512);
  return simulate({&model, &reflex}, setup, {}, {});
}

std::vector<NoteRecord> notes_of(const std::function<void(JamSetup&)>& change) {
  std::vector<NoteRecord> all;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    JamSetup setup = setup_of(seed);
    change(setup);
    const Jam played = jam(setup);
    all.insert(all.end(), played.notes.begin(), played.notes.end());
  }
  return all;
}

double mean_pitch(const std::vector<NoteRecord>& notes) {
  const double sum =
      std::accumulate(notes.begin(), notes.end(), 0.0,
                      [](double s, const NoteRecord& note) { return s + note.pitch; });
  return sum / static_cast<double>(notes.size());
}

TEST(Wishes, DensityThinsAndThickens) {
  const auto with = [](float value) {
    return notes_of([&](JamSetup& setup) {
             setup.controls = {{0, {Control::Kind::density, value}}};
           })
        .size();
  };
  EXPECT_LT(with(0) * 3, with(0.5f) * 2);
  EXPECT_GT(with(1) * 2, with(0.5f) * 3);
}

TEST(Wishes, TheSameWishesPlayTheSame) {
  const auto once = [] {
    return notes_of([](JamSetup& setup) {
      setup.controls = {{48, {Control::Kind::density, 0.8f}}, {120, {Control::Kind::daring, 0.9f}}};
    });
  };
  const auto one = once(), other = once();
  ASSERT_GT(one.size(), 20u);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), other.begin(), other.end(),
                         [](const NoteRecord& a, const NoteRecord& b) {
                           return a.pitch == b.pitch && a.onset == b.onset && a.end == b.end;
                         }));
}

TEST(Wishes, RegisterIsKept) {
  const auto with = [](float value) {
    return notes_of([&](JamSetup& setup) {
      setup.controls = {{0, {Control::Kind::register_, value}}};
    });
  };
  const auto low = with(0), high = with(1);
  ASSERT_GT(low.size(), 20u);
  ASSERT_GT(high.size(), 20u);
  EXPECT_LT(mean_pitch(low), 52);
  EXPECT_GT(mean_pitch(high), 76);
  for (const NoteRecord& note : low) EXPECT_LE(note.pitch, 65);
  for (const NoteRecord& note : high) EXPECT_GE(note.pitch, 64);
}

TEST(Wishes, ARestBeginsWithTheNextFrameAndEnds) {
  const auto notes = notes_of([](JamSetup& setup) {
    setup.controls = {{4 * 48, {Control::Kind::rest, 1}}, {8 * 48, {Control::Kind::rest, 0}}};
  });
  const auto between = [&](std::int32_t from, std::int32_t until) {
    return std::count_if(notes.begin(), notes.end(), [&](const NoteRecord& note) {
      return note.onset >= from && note.onset < until;
    });
  };
  EXPECT_GT(between(0, 4 * 48), 5);
  EXPECT_EQ(between(4 * 48, 8 * 48), 0);
  EXPECT_GT(between(8 * 48, 16 * 48), 5);
}

TEST(Wishes, AStyleHoldsFromItsBarOn) {
  const auto before_and_after = [](tokens::Style style) {
    auto before = notes_of([&](JamSetup& setup) {
      setup.controls = {{8 * 48, {Control::Kind::style, generate::value_of(style)}}};
    });
    const auto later = std::stable_partition(
        before.begin(), before.end(), [](const NoteRecord& note) { return note.onset < 8 * 48; });
    std::vector<std::array<int, 2>> notes[2];
    for (auto note = before.begin(); note != before.end(); ++note)
      notes[note >= later].push_back({note->onset, note->pitch});
    return std::pair(notes[0], notes[1]);
  };
  const auto same = before_and_after(tokens::Style::song);
  const auto other = before_and_after(tokens::Style::hymn);
  EXPECT_EQ(same.first, other.first);
  EXPECT_NE(same.second, other.second);
}

TEST(Wishes, AChartIsKeptOnTheQuarters) {
  const auto c = *music::pitch_classes_of("C"), f_sharp = *music::pitch_classes_of("F#");
  const auto notes = notes_of([&](JamSetup& setup) { setup.chart = {{0, c}, {8 * 48, f_sharp}}; });
  std::size_t counted = 0;
  for (const NoteRecord& note : notes) {
    if (note.onset % 12 != 0) continue;
    ++counted;
    const auto& chord = note.onset < 8 * 48 ? c : f_sharp;
    EXPECT_TRUE(chord.test(note.pitch % 12)) << note.onset << " " << int{note.pitch};
  }
  EXPECT_GT(counted, 5u);
}

TEST(Wishes, TradingTakesTurns) {
  const auto notes = notes_of([](JamSetup& setup) { setup.pace.trade = 4; });
  ASSERT_GT(notes.size(), 20u);
  for (const NoteRecord& note : notes) {
    const std::int32_t bar = note.onset / 48;
    EXPECT_EQ(bar / 4 % 2, 1) << "bar " << bar;
    EXPECT_LE(note.end, (bar / 4 + 1) * 4 * 48) << "nothing rings into the player's turn";
  }
}

TEST(Wishes, AControlChangeIsAWish) {
  const std::uint8_t wheel[] = {0xb3, 1, 127}, pedal[] = {0xb0, 64, 127}, key[] = {0x90, 1, 100};
  const std::uint8_t button[] = {0xb0, 81, 127};
  const auto wish = [](const auto& bytes, const ControlChanges& changes = usual_control_changes) {
    return wish_of(bytes, 3s, changes);
  };
  EXPECT_EQ(std::get<Control>(*wish(wheel)), (Control{Control::Kind::daring, 1}));
  EXPECT_EQ(std::get<Tap>(*wish(button)).at, 3s);
  EXPECT_FALSE(wish(pedal));
  EXPECT_FALSE(wish(key));
  EXPECT_FALSE(wish(wheel, {-1, 74, 71, 80, 82, 81}));
}

}  // namespace
}  // namespace antiphon::edge
