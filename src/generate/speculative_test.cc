// SPDX-License-Identifier: Apache-2.0
#include "generate/speculative.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "generate/noisy_model.h"
#include "generate/partner.h"

namespace antiphon::generate {
namespace {

// The chi-square that one in a million samples of this many degrees of freedom exceeds, if nothing
// is wrong (Wilson and Hilferty 1931).
double one_in_a_million(std::size_t freedom) {
  const double part = 2.0 / (9.0 * static_cast<double>(freedom));
  return static_cast<double>(freedom) * std::pow(1 - part + 4.753 * std::sqrt(part), 3);
}

TEST(Accept, WhatIsKeptIsDistributedAsP) {
  const std::vector<double> p = {0.5, 0.2, 0.2, 0.1, 0, 0}, q = {0.1, 0.3, 0.2, 0, 0.3, 0.1};
  constexpr int draws = 100000;
  Random random(1);
  std::vector<double> counts(p.size());
  int kept = 0;
  for (int i = 0; i < draws; ++i) {
    double left = random.uniform();
    std::size_t drawn = 0;
    while ((left -= q[drawn]) >= 0) ++drawn;
    const int got = accept(p, q, static_cast<int>(drawn), random);
    ++counts[static_cast<std::size_t>(got)];
    kept += got == static_cast<int>(drawn);
  }
  double chi_square = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) {
      EXPECT_EQ(counts[i], 0);
    } else {
      chi_square += std::pow(counts[i] - p[i] * draws, 2) / (p[i] * draws);
    }
  }
  EXPECT_LT(chi_square, one_in_a_million(3));
  EXPECT_NEAR(static_cast<double>(kept) / draws, 0.1 + 0.2 + 0.2, 0.01) << "the sum of min(p, q)";
}

// A worse model than NoisyModel: the same preferences, but weaker ones.
class Flatter : public NoisyModel {
 public:
  using NoisyModel::NoisyModel;
  std::span<const float> logits(int field) override {
    const auto sharp = NoisyModel::logits(field);
    flat_.assign(sharp.begin(), sharp.end());
    for (float& logit : flat_) logit *= 0.3f;
    return flat_;
  }

 private:
  std::vector<float> flat_;
};

constexpr std::int32_t frames = 4, imagine = 2 * steps_per_frame;

// Four frames after a player's first note; from the third on, the player is imagined.
class Draws {
 public:
  explicit Draws(double temperature) : sampling_{temperature, 0.9, 0} {
    header_.slots = {{tokens::Role::human, 52, 0, 0}, {tokens::Role::ai, 0, 5, 3}};
  }

  std::vector<TimedEvent> alone(std::uint64_t seed) {
    NoisyModel model(128);
    Partner partner = listening(model, seed);
    return played(partner);
  }

  // The same of the same model, which checks what another drafts by the same seed.
  std::vector<TimedEvent> checked(std::uint64_t seed) {
    Flatter drafter(128);
    NoisyModel model(128);
    Partner device = listening(drafter, seed), node = listening(model, seed);
    std::vector<DrawnChoice> draft;
    device.note(&draft);
    const auto drafted = played(device);
    node.follow(draft, frames * steps_per_frame, imagine);
    const auto kept = played(node);
    agreed_ += kept == drafted;
    return kept;
  }
  int agreed() const { return agreed_; }

 private:
  Partner listening(EventModel& model, std::uint64_t seed) {
    sampling_.seed = seed;
    Partner partner(model, header_, 0, sampling_);
    partner.hear({0, {tokens::EventType::onset, 0, 0, 60, 0, 0}});
    return partner;
  }
  std::vector<TimedEvent> played(Partner& partner) {
    std::vector<TimedEvent> all;
    for (std::int32_t end = steps_per_frame; end <= frames * steps_per_frame;
         end += steps_per_frame) {
      const auto frame = partner.play(end - 1, imagine);
      all.insert(all.end(), frame.begin(), frame.end());
    }
    return all;
  }

  tokens::Header header_;
  Sampling sampling_;
  int agreed_ = 0;
};

// Two samples of what is played, first and last events and their number, in a chi-square test of
// being the same distribution.
TEST(Speculation, WhatIsCheckedIsDistributedAsTheNodesModelAlone) {
  constexpr std::uint64_t samples = 12000;
  Draws draws(1.0);
  std::map<std::array<int, 3>, std::array<double, 2>> counts;
  const auto count = [&](const std::vector<TimedEvent>& events, std::size_t which) {
    const auto of = [](const TimedEvent& event) {
      return event.at + 100 * (event.event.pitch % 3) + 1000 * (event.event.duration % 2);
    };
    const std::array<int, 3> key = {std::min(static_cast<int>(events.size()), 6),
                                    events.empty() ? -1 : of(events.front()),
                                    events.empty() ? -1 : events.back().event.pitch % 2};
    ++counts[key][which];
  };
  for (std::uint64_t seed = 0; seed < samples; ++seed) {
    count(draws.alone(seed), 0);
    count(draws.checked(seed + samples), 1);
  }
  double chi_square = 0, rest[2] = {0, 0};
  std::size_t cells = 0;
  const auto add = [&](double a, double b) {
    chi_square += (a - b) * (a - b) / (a + b);
    ++cells;
  };
  for (const auto& [key, pair] : counts) {
    if (pair[0] + pair[1] >= 20) {
      add(pair[0], pair[1]);
    } else {
      rest[0] += pair[0];
      rest[1] += pair[1];
    }
  }
  if (rest[0] + rest[1] > 0) add(rest[0], rest[1]);
  EXPECT_GT(cells, 50u);
  EXPECT_LT(chi_square, one_in_a_million(cells - 1));
  EXPECT_GT(draws.agreed(), 100) << "some drafts are kept as a whole,";
  EXPECT_LT(draws.agreed(), 11000) << "and some aren't";
}

TEST(Speculation, WithoutChanceItIsWhatTheNodesModelPlaysAlone) {
  Draws draws(0.0);
  std::size_t notes = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto alone = draws.alone(seed);
    EXPECT_EQ(draws.checked(seed), alone);
    notes += alone.size();
  }
  EXPECT_GT(notes, 0u);
}

}  // namespace
}  // namespace antiphon::generate
