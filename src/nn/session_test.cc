// SPDX-License-Identifier: Apache-2.0
#include "nn/session.h"

#include <gmock/gmock.h>

#include "nn/naive.h"
#include "nn/small_models.h"

namespace antiphon::nn {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::Pointwise;

constexpr std::uint64_t seed = 7;

std::shared_ptr<const Transformer> small_model(Type type = Type::f32,
                                               const Kernels* kernels = nullptr) {
  return *Transformer::random(small_config(), seed, {type, kernels});
}

SafeTensors small_weights() { return *SafeTensors::parse(random_weights(small_config(), seed)); }

std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

/// z of each step, one step at a time.
std::vector<std::vector<float>> one_by_one(Session& session, std::span<const Step> steps) {
  std::vector<std::vector<float>> z;
  for (const Step& step : steps) z.push_back(copy(session.feed(step)));
  return z;
}

class EveryType : public testing::TestWithParam<Type> {};
INSTANTIATE_TEST_SUITE_P(Types, EveryType, testing::Values(Type::f32, Type::bf16, Type::i8),
                         [](const auto& p) { return std::string(name_of(p.param)); });

TEST(Session, GivesTheFormulasNumbersInF32) {
  const Steps steps(small_config(), 40, 1);
  const auto expected = naive::run(small_config(), small_weights(), steps.all());
  Session session(small_model());
  const auto z = one_by_one(session, steps.all());
  for (std::size_t i = 0; i < z.size(); ++i) {
    EXPECT_THAT(z[i], Pointwise(FloatNear(1e-5f), expected[i])) << "step " << i;
  }
}

TEST(Session, FieldsFollowTheFormulasAndSeeTheChoicesBeforeThem) {
  const Steps steps(small_config(), 5, 1);
  const SafeTensors file = small_weights();
  Session session(small_model());
  session.feed(steps.all());
  session.begin();
  naive::Vector z = naive::run(small_config(), file, steps.all()).back();
  const std::vector<std::uint16_t> chosen = {3, 23, 3};
  for (std::size_t k = 0; k < small_config().fields.size(); ++k) {
    EXPECT_THAT(session.logits(k),
                Pointwise(FloatNear(1e-5f), naive::logits(file, small_config().fields[k], z)));
    session.condition(chosen);
    naive::add_rows(z, naive::numbers(file, "condition.weight"), chosen);
  }
}

TEST(Session, RunsAPlainLanguageModel) {
  const auto config = TransformerConfig::plain(2, 48, 3, 3, 64, 100, 32);
  const SafeTensors file = *SafeTensors::parse(random_weights(config, seed));
  Session session(*Transformer::load(config, file));
  const std::vector<std::uint16_t> tokens = {5, 99, 0, 42};
  std::vector<Step> steps;
  for (const std::uint16_t& token : tokens) steps.push_back({{&token, 1}, 0});
  session.feed(steps);
  session.begin();
  const naive::Vector z = naive::run(config, file, steps).back();
  EXPECT_THAT(session.logits(0),
              Pointwise(FloatNear(1e-5f), naive::logits(file, config.fields[0], z)));
}

TEST_P(EveryType, FedAtOnceIsFedOneByOne) {
  const auto model = small_model(GetParam());
  const Steps steps(small_config(), 75, 2);
  Session alone(model), together(model, {.rows = 32});
  const auto z = one_by_one(alone, steps.all());
  EXPECT_THAT(together.feed(steps.all()), ElementsAreArray(z.back()));
  EXPECT_EQ(together.size(), steps.all().size());
}

TEST_P(EveryType, ScoreGivesTheOutputOfEveryStep) {
  const auto model = small_model(GetParam());
  const Steps steps(small_config(), 20, 2);
  const std::size_t dim = small_config().dim;
  Session alone(model), scored(model, {.rows = 8});
  const auto z = one_by_one(alone, steps.all());
  std::vector<float> all(steps.all().size() * dim);
  scored.score(steps.all(), all);
  for (std::size_t i = 0; i < z.size(); ++i) {
    EXPECT_THAT(std::span(all).subspan(i * dim, dim), ElementsAreArray(z[i])) << "step " << i;
  }
}

TEST_P(EveryType, AfterARewindItIsAsIfTheRestHadNeverBeenFed) {
  const auto model = small_model(GetParam());
  const Steps steps(small_config(), 30, 3), others(small_config(), 40, 4);
  Session straight(model), wandering(model);
  const auto z = one_by_one(straight, steps.all());
  wandering.feed(steps.all().first(10));
  wandering.feed(others.all());
  wandering.rewind(10);
  EXPECT_EQ(wandering.size(), 10u);
  EXPECT_THAT(wandering.feed(steps.all().subspan(10)), ElementsAreArray(z.back()));
}

TEST_P(EveryType, APassInPartsIsThePassInOne) {
  const auto model = small_model(GetParam());
  const Steps steps(small_config(), 12, 5);
  Session whole(model), edge(model, {.rows = 5}), cloud(model);
  const auto expected = copy(whole.feed(steps.all()));

  const std::size_t dim = small_config().dim;
  std::vector<float> x(12 * dim), z(dim);
  edge.embed(steps.all(), x);
  edge.forward(steps.times(), 0, 1, x);
  cloud.forward(steps.times(), 1, 2, x);
  edge.forward(steps.times(), 2, 3, x);
  edge.finish(std::span(x).last(dim), z);
  EXPECT_THAT(z, ElementsAreArray(expected));

  edge.advance(12);
  EXPECT_EQ(edge.size(), 12u);
}

TEST_P(EveryType, ABatchOfDifferentLengthsIsItsSessionsOneByOne) {
  const auto model = small_model(GetParam());
  const Steps steps(small_config(), 30, 6);
  Workers workers(2);
  Batch batch(model, 8, &workers);
  std::vector<std::unique_ptr<Session>> batched, single;
  std::vector<Session*> pointers;
  std::vector<Step> next;
  for (std::size_t i = 0; i < 7; ++i) {
    for (auto* sessions : {&batched, &single}) {
      sessions->push_back(std::make_unique<Session>(model));
      if (i > 0) sessions->back()->feed(steps.all().first(3 * i));
    }
    pointers.push_back(batched.back().get());
    next.push_back(steps.all()[3 * i]);
  }
  batch.step(pointers, next);
  const std::span<const float> logits = batch.logits(pointers, 2);
  for (std::size_t i = 0; i < 7; ++i) {
    single[i]->feed(next[i]);
    single[i]->begin();
    EXPECT_THAT(logits.subspan(i * 130, 130), ElementsAreArray(single[i]->logits(2)));
    EXPECT_EQ(batched[i]->size(), 3 * i + 1);
  }
}

TEST_P(EveryType, WorkersDoNotChangeTheNumbers) {
  const auto model = small_model(GetParam());
  const Steps steps(small_config(), 40, 7);
  Workers workers(3);
  Session alone(model), shared(model, {.workers = &workers});
  EXPECT_THAT(shared.feed(steps.all()), ElementsAreArray(alone.feed(steps.all())));
}

}  // namespace
}  // namespace antiphon::nn
