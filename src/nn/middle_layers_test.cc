// SPDX-License-Identifier: Apache-2.0
#include "nn/middle_layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "nn/random_weights.h"
#include "nn/small_models.h"

namespace antiphon::nn {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::FloatNear;
using testing::Pointwise;

TEST(Activations, ARowIsOffByAtMostHalfAStep) {
  Activations rows{4, {}, {}};
  const std::vector<float> one = {1.0f, -127.0f, 0.4f, 63.6f}, zero(4, 0.0f);
  rows.add(one);
  rows.add(zero);
  std::vector<float> back(4);
  rows.get(0, back);
  EXPECT_THAT(back, ElementsAre(1.0f, -127.0f, 0.0f, 64.0f));
  rows.get(1, back);
  EXPECT_EQ(back, zero);
}

TEST(Activations, WhatIsNoNumberIsNothing) {
  Activations rows{2, {}, {}};
  const std::vector<float> bad = {std::numeric_limits<float>::quiet_NaN(),
                                  std::numeric_limits<float>::infinity()};
  rows.add(bad);
  EXPECT_EQ(rows.scales.front(), 0.0f);
  EXPECT_THAT(rows.values, ElementsAre(0, 0));
}

class EveryCut : public testing::TestWithParam<Cut> {};
INSTANTIATE_TEST_SUITE_P(Cuts, EveryCut,
                         testing::Values(Cut{0, 3}, Cut{1, 3}, Cut{1, 2}, Cut{2, 3}));

// But for the rounding of the activations.
TEST_P(EveryCut, TheMiddleAddsWhatTheWholePassDoes) {
  const std::shared_ptr<const Transformer> model =
      *Transformer::random(small_config(), 7, {Type::f32});
  const Steps steps(small_config(), 12, 5);
  const std::size_t dim = small_config().dim;
  const Cut cut = GetParam();
  Session edge(model);
  std::vector<float> x(12 * dim);
  edge.embed(steps.all(), x);
  edge.forward(steps.times(), 0, cut.first, x);
  Activations rows{dim, {}, {}};
  for (std::size_t i = 0; i < 12; ++i) rows.add(std::span(x).subspan(i * dim, dim));

  MiddleLayers middle(model, cut);
  std::vector<float> added(dim), expected(x.end() - static_cast<std::ptrdiff_t>(dim), x.end());
  middle.run(steps.times(), rows, 0);
  middle.rewind(0);
  const Activations answer = middle.run(steps.times(), rows, 2);
  ASSERT_EQ(answer.rows(), 2u);
  EXPECT_EQ(middle.size(), 12u);
  answer.get(1, added);
  edge.forward(steps.times(), cut.first, cut.last, x);
  for (std::size_t j = 0; j < dim; ++j) expected[j] = x[11 * dim + j] - expected[j];
  EXPECT_THAT(added, Pointwise(FloatNear(0.05f), expected));
}

}  // namespace
}  // namespace antiphon::nn
