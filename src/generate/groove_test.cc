// SPDX-License-Identifier: Apache-2.0
#include "generate/groove.h"

#include <gmock/gmock.h>

#include <limits>

namespace antiphon::generate {
namespace {

using music::Note;
using music::Ticks;
using testing::HasSubstr;

std::shared_ptr<const nn::Groove> small_groove() {
  const nn::GrooveConfig config{32, 9, 6, 24, 2, {"funk", "rock"}};
  return *load_groove(config.to_json(), nn::random_weights(config, 7), nullptr);
}

std::string refusal(const GrooveWish& wish) {
  const Status status = check(wish, *small_groove());
  return status ? "" : status.error().message;
}

TEST(GrooveWish, IsRefusedWithWhatThereIs) {
  EXPECT_EQ(refusal({.style = "funk"}), "");
  EXPECT_THAT(refusal({.style = "polka"}), HasSubstr("no style 'polka'; there are funk, rock"));
  EXPECT_THAT(refusal({.x = 1.5}), HasSubstr("x must be -1 to 1, got 1.5"));
  EXPECT_THAT(refusal({.y = std::numeric_limits<double>::quiet_NaN()}), HasSubstr("y must be"));
  EXPECT_THAT(refusal({.tempo = 5}), HasSubstr("tempo must be 30 to 300"));
  EXPECT_THAT(refusal({.bars = 0}), HasSubstr("bars must be 1"));
}

TEST(Drummer, PlaysTheSameForASeedAndAnotherForAnother) {
  Drummer drummer(small_groove());
  const auto one = drummer.play({.style = "funk", .bars = 4, .seed = 1});
  EXPECT_EQ(one, drummer.play({.style = "funk", .bars = 4, .seed = 1}));
  EXPECT_NE(one, drummer.play({.style = "funk", .bars = 4, .seed = 2}));
}

TEST(Drummer, PlaysAsManyBarsAsAskedFor) {
  Drummer drummer(small_groove());
  const auto score = drummer.play({.bars = 3});
  ASSERT_FALSE(score.parts.front().notes.empty());
  EXPECT_LT(score.parts.front().notes.back().onset, Ticks::quarters(12));
  EXPECT_GE(score.parts.front().notes.back().onset, Ticks::quarters(8));
}

TEST(Drummer, WithoutVariationTwoBarsComeAgain) {
  Drummer drummer(small_groove());
  const auto score = drummer.play({.bars = 6, .variation = 0});
  const auto& notes = score.parts.front().notes;
  EXPECT_EQ(tokens::drum_grid(notes, tokens::drum_span),
            tokens::drum_grid(notes, tokens::drum_span * 2));
  EXPECT_GT(notes.size(), 0U);
}

// Kick and snare with a bass, four bars.
music::Score stiff_song() {
  music::Score score;
  score.parts.resize(2);
  score.parts[0] = {"Drums", 0, true, false, {}, {}};
  score.parts[1] = {"Bass", 33, false, false, {}, {}};
  for (int beat = 0; beat < 16; ++beat) {
    const auto key = static_cast<std::uint8_t>(beat % 2 == 0 ? 36 : 38);
    score.parts[0].notes.push_back({Ticks::quarters(beat), Ticks{100}, key, 80});
    score.parts[1].notes.push_back({Ticks::quarters(beat), Ticks{900}, 40, 80});
  }
  return score;
}

TEST(Humanize, PlaysEveryHitNearWhereItWasAndNothingElse) {
  Drummer drummer(small_groove());
  const music::Score before = stiff_song();
  music::Score after = before;
  const auto played = drummer.humanize(after, "rock", 1);
  ASSERT_TRUE(played) << played.error().message;
  EXPECT_EQ(*played, 16U);
  EXPECT_EQ(after.parts[1], before.parts[1]);
  ASSERT_EQ(after.parts[0].notes.size(), 16U);
  int moved = 0, louder = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    const Note &was = before.parts[0].notes[i], &is = after.parts[0].notes[i];
    EXPECT_EQ(is.pitch, was.pitch);
    EXPECT_LE(std::abs((is.onset - was.onset).count), 120);
    moved += is.onset != was.onset;
    louder += is.velocity != was.velocity;
  }
  EXPECT_GT(moved, 8);
  EXPECT_GT(louder, 8);
}

TEST(Humanize, KeepsTheTimeOfTripletsAndOtherPercussionWhole) {
  Drummer drummer(small_groove());
  music::Score score = stiff_song();
  score.parts[0].notes.push_back({Ticks{320}, Ticks{50}, 42, 80});
  score.parts[0].notes.push_back({Ticks{480}, Ticks{50}, 56, 80});
  music::sort(score);
  ASSERT_TRUE(drummer.humanize(score, "", 1));
  const auto& notes = score.parts[0].notes;
  const auto of = [&](std::uint8_t pitch) {
    return *std::find_if(notes.begin(), notes.end(), [&](Note n) { return n.pitch == pitch; });
  };
  EXPECT_EQ(of(42).onset, Ticks{320});
  EXPECT_NE(of(42).velocity, 80);
  EXPECT_EQ(of(56), (Note{Ticks{480}, Ticks{50}, 56, 80}));
}

TEST(Humanize, RefusesAScoreWithoutDrums) {
  Drummer drummer(small_groove());
  music::Score score = stiff_song();
  score.parts.erase(score.parts.begin());
  const music::Score before = score;
  const auto played = drummer.humanize(score, "", 1);
  ASSERT_FALSE(played);
  EXPECT_THAT(played.error().message, HasSubstr("no drum part"));
  EXPECT_EQ(score, before);
}

TEST(Humanize, PlaysALongSongToItsEnd) {
  Drummer drummer(small_groove());
  music::Score score = stiff_song();
  auto& notes = score.parts[0].notes;
  for (int beat = 16; beat < 40000; ++beat) {
    notes.push_back({Ticks::quarters(beat), Ticks{100}, 38, 80});
  }
  const auto played = drummer.humanize(score, "", 1);
  ASSERT_TRUE(played);
  EXPECT_EQ(*played, 40000U);
}

TEST(LoadGroove, RefusesAnotherGrid) {
  const nn::GrooveConfig config{16, 9, 6, 24, 2, {"funk"}};
  const auto groove = load_groove(config.to_json(), nn::random_weights(config, 7), nullptr);
  ASSERT_FALSE(groove);
  EXPECT_THAT(groove.error().message, HasSubstr("expected 32 steps of 9 drums"));
}

}  // namespace
}  // namespace antiphon::generate
