// SPDX-License-Identifier: Apache-2.0
#include "train/ngram.h"

#include <gtest/gtest.h>

#include <cmath>

namespace antiphon::train {
namespace {

TEST(KneserNey, AgreesWithTheFormulaWorkedOutByHand) {
  // After "a": x x y; after "b": x z. Counts of counts above: x2, y1, x1, z1.
  KneserNey counts(4, 2);
  const std::uint64_t empty = 1, a = 2, b = 3;
  const auto add = [&](std::uint64_t context, std::uint16_t symbol) {
    counts.add(std::array{empty, context}, symbol);
  };
  enum { x, y, z, never };
  for (const auto symbol : {x, x, y}) add(a, symbol);
  for (const auto symbol : {x, z}) add(b, symbol);
  counts.finish();
  // Below: kinds of contexts are x 2, y 1, z 1 of 4; n1 = 2, n2 = 1, n3 = 0: D1 = 1 - 2 Y / 2 with
  // Y = 2 / 4, D2 = 2 (no n3: 2 - 3 Y 0 = 2, kept below), and D1 2 + D2 1 are spread over four.
  const double d1 = 0.5, d2 = 1.99;
  const double lower_y = (1 - d1 + (2 * d1 + d2) / 4) / 4;
  // Above: n1 = 3, n2 = 1: Y = 3 / 5, D1 = 1 - 2 Y / 3, D2 = 2.
  const double e1 = 0.6, e2 = 1.99;
  EXPECT_NEAR(counts.probability(std::array{empty, a}, y), (1 - e1 + (e1 + e2) * lower_y) / 3,
              1e-12);
  // A context that was never seen leaves what is known without it.
  EXPECT_NEAR(counts.probability(std::array{empty, std::uint64_t{9}}, y), lower_y, 1e-12);
}

TEST(KneserNey, ProbabilitiesOfAllSymbolsSumToOneAfterAnyContext) {
  KneserNey counts(50, 3);
  std::uint64_t state = 1;
  const auto contexts = [](std::uint64_t n) {
    return std::array{std::uint64_t{1}, n % 7 + 2, n % 70 + 100};
  };
  for (int i = 0; i < 2000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    counts.add(contexts(state >> 40),
               static_cast<std::uint16_t>((state >> 33) % 7 * (state >> 60) % 40));
  }
  counts.finish();
  for (std::uint64_t n = 0; n < 75; ++n) {
    double sum = 0;
    for (std::uint16_t symbol = 0; symbol < 50; ++symbol) {
      sum += counts.probability(contexts(n), symbol);
    }
    EXPECT_NEAR(sum, 1.0, 1e-9);
  }
}

Excerpt tune(std::int32_t notes) {
  tokens::GridScore score;
  score.meters = {{0, *music::Meter::of(4, 4)}};
  score.parts.resize(2);
  for (std::int32_t i = 0; i < notes; ++i) {
    score.parts[0].notes.push_back({i * 12, 12, static_cast<std::uint8_t>(67 + i * 2 % 5), 5});
    score.parts[1].notes.push_back({i * 12, 6, static_cast<std::uint8_t>(40 + i % 3), 4});
  }
  const std::vector<tokens::Role> roles = {tokens::Role::human, tokens::Role::ai};
  return {tokens::header_of(score, roles, tokens::Style::song), 0, tokens::encode(score, roles)};
}

TEST(Ngrams, WhatAlwaysFollowsIsNearlyFreeForEveryDesign) {
  const Excerpt excerpt = tune(400);
  for (const NgramDesign& design : ngram_designs()) {
    double nats = 0;
    for (int field = 0; field < tokens::field_count; ++field) {
      FieldNgram ngram(field, design.chains[static_cast<std::size_t>(field)]);
      ngram.add(excerpt);
      ngram.finish();
      nats += ngram.nats(excerpt);
    }
    EXPECT_LT(nats / static_cast<double>(excerpt.events.size()), 0.2) << design.name;
  }
}

TEST(Ngrams, TheUnigramIsTheEntropyOfTheField) {
  const Excerpt excerpt = tune(999);
  FieldNgram ngram(tokens::field_velocity, unigram_design().chains[tokens::field_velocity]);
  ngram.add(excerpt);
  ngram.finish();
  EXPECT_NEAR(ngram.nats(excerpt) / (2 * 999), std::log(2.0), 1e-2);
}

// A field that saw its own value, or one chosen after it, would be nearly free.
TEST(Ngrams, NoClueTellsOfTheFieldItselfOrOfWhatComesLater) {
  Excerpt excerpt = tune(400);
  std::uint64_t state = 1;
  for (tokens::Event& event : excerpt.events) {
    if (event.type != tokens::EventType::note) continue;
    state = state * 6364136223846793005u + 1442695040888963407u;
    event.duration = static_cast<std::uint8_t>(1 + (state >> 33) % 8);
    event.velocity = static_cast<std::uint8_t>(1 + (state >> 43) % 8);
  }
  Excerpt train = excerpt, test = excerpt;
  train.events.resize(excerpt.events.size() / 2);
  test.events.erase(test.events.begin(),
                    test.events.begin() + static_cast<std::ptrdiff_t>(train.events.size()));
  std::size_t notes = 0;
  for (const tokens::Event& event : test.events) notes += event.type == tokens::EventType::note;
  for (const NgramDesign& design : ngram_designs()) {
    FieldNgram ngram(tokens::field_duration, design.chains[tokens::field_duration]);
    ngram.add(train);
    ngram.finish();
    EXPECT_GT(ngram.nats(test) / static_cast<double>(notes), 0.9 * std::log(8.0)) << design.name;
  }
}

}  // namespace
}  // namespace antiphon::train
