// SPDX-License-Identifier: Apache-2.0
#include "generate/guided_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "generate/noisy_model.h"
#include "generate/partner.h"

namespace antiphon::generate {
namespace {

using tokens::input::style;

/// Holds low pitches for likely where it was told style 2, and all for alike elsewhere.
class Stylist : public NoisyModel {
 public:
  Stylist() : NoisyModel(256) {}
  void feed(std::span<const nn::Step> steps) override {
    for (const nn::Step& step : steps) {
      for (const auto row : step.rows) {
        if (row >= style.first && row < style.end()) low_ = row == style.row(2);
      }
    }
    NoisyModel::feed(steps);
  }
  std::span<const float> logits(int field) override {
    const auto noise = NoisyModel::logits(field);
    logits_.assign(noise.begin(), noise.end());
    if (field == tokens::field_pitch) {
      for (std::size_t pitch = 0; pitch < 128; ++pitch) logits_[pitch] = low_ && pitch < 60;
    }
    return logits_;
  }

 private:
  bool low_ = false;
  std::vector<float> logits_;
};

/// The share of notes below 60 in 200 bars.
double low_notes(tokens::Style told, float strength) {
  const auto model =
      guide_style(std::make_unique<Stylist>(), std::make_unique<Stylist>(), strength);
  tokens::Header header;
  header.style = told;
  header.slots = {{tokens::Role::ai, 0, 5, 0}};
  Partner partner(*model, header, 0, {});
  int low = 0, all = 0;
  for (const TimedEvent& event : partner.play(200 * 48)) {
    ++all;
    low += event.event.pitch < 60;
  }
  EXPECT_GT(all, 300);
  return static_cast<double>(low) / all;
}

TEST(GuidedModel, MovesAwayFromWhatEveryStyleHas) {
  const auto asked = static_cast<tokens::Style>(2);
  // On a piano of 88 keys 39 are below 60; style 2 has them e times as often.
  const auto expected = [](double odds) { return 39 * odds / (39 * odds + 49); };
  EXPECT_NEAR(low_notes(asked, 0), expected(std::exp(1)), 0.06);
  EXPECT_NEAR(low_notes(asked, 2), expected(std::exp(3)), 0.06);
  EXPECT_NEAR(low_notes(tokens::Style::song, 2), expected(1), 0.06);
}

}  // namespace
}  // namespace antiphon::generate
