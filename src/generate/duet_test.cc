// SPDX-License-Identifier: Apache-2.0
#include "generate/duet.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "generate/noisy_model.h"
#include "music/difficulty.h"
#include "music/measures.h"

namespace antiphon::generate {
namespace {

constexpr std::size_t human[] = {0};
constexpr AiPart ai[] = {{0, 5}};

// A model that expects human parts to play what AI parts played last, an octave being nothing.
class Echo : public NoisyModel {
 public:
  Echo() : NoisyModel(512) {}
  void rewind(std::size_t size) override {
    NoisyModel::rewind(size);
    pitches_.resize(size);
  }
  void feed(std::span<const nn::Step> steps) override {
    NoisyModel::feed(steps);
    for (const nn::Step& step : steps) {
      int pitch = pitches_.empty() ? 0 : pitches_.back();
      const bool own = std::ranges::count(step.rows, tokens::input::role.row(1)) > 0;
      for (const int row : step.rows) {
        if (own && row >= tokens::input::pitch.first && row < tokens::input::pitch.end())
          pitch = row - tokens::input::pitch.first;
      }
      pitches_.push_back(pitch);
    }
  }
  void condition(std::span<const std::uint16_t> rows) override {
    NoisyModel::condition(rows);
    human_ |= std::ranges::count(rows, tokens::condition::role.row(0)) > 0;
  }
  void begin(std::size_t back) override {
    NoisyModel::begin(back);
    human_ = false;
  }
  bool human_asked() const { return human_; }
  std::span<const float> logits(int field) override {
    const auto noise = NoisyModel::logits(field);
    logits_.assign(noise.begin(), noise.end());
    if (field == tokens::field_pitch && human_) {
      for (int pitch = pitches_.back() % 12; pitch < 128; pitch += 12)
        logits_[static_cast<std::size_t>(pitch)] += 8;
    }
    return logits_;
  }

 private:
  std::vector<int> pitches_;
  std::vector<float> logits_;
  bool human_ = false;
};

music::Score melody() {
  music::Score score;
  score.parts.resize(1);
  for (std::int64_t i = 0; i < 200; ++i) {
    score.parts[0].notes.push_back({music::Ticks{i * 960 + 480}, music::Ticks{480},
                                    static_cast<std::uint8_t>(60 + i * 5 % 12), 80});
  }
  return score;
}

// How many notes of the melody have an AI note of their pitch class begin with or before them,
// last.
int met(const music::Score& score) {
  const auto& notes = score.parts[1].notes;
  int count = 0;
  for (const music::Note& note : score.parts[0].notes) {
    const auto after =
        std::upper_bound(notes.begin(), notes.end(), note.onset,
                         [](music::Ticks at, const music::Note& one) { return at < one.onset; });
    count += after != notes.begin() && std::prev(after)->pitch % 12 == note.pitch % 12;
  }
  return count;
}

Result<Performance> play(int candidates) {
  Echo model;
  return accompany(model, melody(), human, ai, tokens::Style::song, {}, {}, candidates);
}

TEST(Accompany, WhoKnowsTheMelodyPlaysWhatFitsIt) {
  const auto unknown = play(1), known = play(16), again = play(16);
  ASSERT_TRUE(unknown.ok() && known.ok() && again.ok());
  EXPECT_GT(met(known->score), 2 * met(unknown->score));
  EXPECT_EQ(known->score.parts[0].notes, unknown->score.parts[0].notes);
  EXPECT_EQ(known->score.parts[1].notes, again->score.parts[1].notes);
}

// A model that expects human parts to play nothing but C.
class ExpectsC : public Echo {
 public:
  std::span<const float> logits(int field) override {
    const auto echo = NoisyModel::logits(field);
    logits_.assign(echo.begin(), echo.end());
    if (field == tokens::field_pitch && human_asked()) {
      for (std::size_t pitch = 0; pitch < 128; pitch += 12) logits_[pitch] += 20;
    }
    return logits_;
  }

 private:
  std::vector<float> logits_;
};

music::Score all_c(int quarters) {
  music::Score score;
  score.parts.resize(1);
  for (std::int64_t i = 0; i < quarters; ++i)
    score.parts[0].notes.push_back({music::Ticks{i * 960}, music::Ticks{960}, 60, 80});
  return score;
}

music::Score foresee(const music::Score& score, int futures) {
  ExpectsC model;
  auto played = accompany(model, score, human, ai, tokens::Style::song, {.futures = futures}, {});
  EXPECT_TRUE(played.ok());
  return std::move(played->score);
}

TEST(Accompany, WhoForeseesPlaysWhatGoesWithWhatIsExpected) {
  const auto consonant = [](const music::Score& score) {
    return music::harmony_of(score.parts[0].notes, score.parts[1].notes).consonant_ratio();
  };
  const music::Score chosen = foresee(all_c(300), 8);
  EXPECT_GT(consonant(chosen), consonant(foresee(all_c(300), 1)) + 0.1);
  EXPECT_EQ(music::faults_of(chosen.parts[1], music::bars_of(chosen)).overlapping, 0);
}

TEST(Accompany, WhoForeseesKnowsNothingOfWhatComes) {
  music::Score other = all_c(40);
  other.parts[0].notes[20].pitch = 61;
  const auto until = [](const music::Score& score, music::Ticks at) {
    std::vector<music::Note> before;
    for (const music::Note& note : score.parts[1].notes)
      if (note.onset <= at) before.push_back(note);
    return before;
  };
  const music::Ticks heard = other.parts[0].notes[20].onset;
  const auto one = foresee(all_c(40), 4), two = foresee(other, 4);
  EXPECT_EQ(until(one, heard), until(two, heard));
  EXPECT_NE(one.parts[1].notes, two.parts[1].notes) << "what was heard must matter";
}

TEST(Accompany, IsNoHarderThanWasAskedFor) {
  music::Score score = melody();
  score.meters = {{{0}, *music::Meter::of(6, 8)}};
  score.keys = {{{0}, {-2, music::Mode::minor}}};
  for (int level = 0; level <= music::limited_levels; ++level) {
    Echo model;
    AiPart part = ai[0];
    part.difficulty = level;
    const auto played =
        accompany(model, score, human, std::span(&part, 1), tokens::Style::song, {}, {});
    ASSERT_TRUE(played.ok());
    EXPECT_GT(played->score.parts[1].notes.size(), 5U);
    const int got = music::difficulty_of(played->score, played->score.parts[1]);
    if (level > 0) {
      EXPECT_LE(got, level);
    } else {
      EXPECT_GT(got, music::limited_levels);
    }
  }
}

TEST(Accompany, NoneOrTooManyCandidatesAreRefused) {
  EXPECT_EQ(play(0).error().message, "candidates must be 1 to 64, got 0");
  EXPECT_EQ(play(65).error().message, "candidates must be 1 to 64, got 65");
}

}  // namespace
}  // namespace antiphon::generate
