// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "nn/lstm_session.h"
#include "nn/naive.h"
#include "nn/small_models.h"

namespace antiphon::nn {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr std::uint64_t seed = 7;

std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

std::vector<std::vector<float>> one_by_one(LstmSession& session, std::span<const Step> steps) {
  std::vector<std::vector<float>> z;
  for (const Step& step : steps) z.push_back(copy(session.feed(step)));
  return z;
}

/// The formulas in double precision: z of every step.
std::vector<naive::Vector> formulas(const LstmConfig& c, const SafeTensors& file,
                                    std::span<const Step> steps) {
  const auto sigmoid = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
  const naive::Vector table = naive::numbers(file, "input.weight");
  std::vector<naive::Vector> cells(c.layers, naive::Vector(c.dim)), state = cells, z;
  for (const Step& step : steps) {
    naive::Vector x(c.dim);
    naive::add_rows(x, table, step.rows);
    for (std::size_t l = 0; l < c.layers; ++l) {
      const std::string layer = "layer." + std::to_string(l) + ".";
      const naive::Vector n = naive::rms_norm(x, naive::numbers(file, layer + "norm.weight"));
      const auto gate = [&](const std::string& name) {
        naive::Vector sum = naive::times(naive::numbers(file, layer + name + ".x.weight"), n);
        naive::add(sum, naive::times(naive::numbers(file, layer + name + ".h.weight"), state[l]));
        naive::add(sum, naive::numbers(file, layer + name + ".bias"));
        return sum;
      };
      const auto in = gate("input"), forget = gate("forget"), cell = gate("cell");
      const auto out = gate("output");
      for (std::size_t i = 0; i < c.dim; ++i) {
        cells[l][i] = sigmoid(forget[i]) * cells[l][i] + sigmoid(in[i]) * std::tanh(cell[i]);
        state[l][i] = sigmoid(out[i]) * std::tanh(cells[l][i]);
      }
      naive::add(x, state[l]);
    }
    z.push_back(naive::rms_norm(x, naive::numbers(file, "norm.weight")));
  }
  return z;
}

TEST(Lstm, GivesTheFormulasNumbersInF32) {
  const LstmConfig config = small_lstm_config();
  const SafeTensors file = *SafeTensors::parse(random_weights(config, seed));
  const Steps steps(config, 40, 1);
  const auto expected = formulas(config, file, steps.all());
  LstmSession session(*Lstm::load(config, file));
  const auto z = one_by_one(session, steps.all());
  for (std::size_t i = 0; i < z.size(); ++i) {
    EXPECT_THAT(z[i], Pointwise(FloatNear(1e-5f), expected[i])) << "step " << i;
  }
  session.begin();
  EXPECT_THAT(session.logits(2),
              Pointwise(FloatNear(2e-5f), naive::logits(file, config.fields[2], expected.back())));
}

TEST(Lstm, SaysWhichTensorIsWrong) {
  LstmConfig config = small_lstm_config();
  const SafeTensors file = *SafeTensors::parse(random_weights(config, seed));
  config.layers = 4;
  EXPECT_THAT(Lstm::load(config, file).error().message,
              HasSubstr("tensor 'layer.3.input.bias' is missing"));
  config = small_lstm_config();
  config.dim = 49;
  EXPECT_THAT(Lstm::load(config, file).error().message, HasSubstr("has shape [40, 50]"));
}

TEST(Lstm, RefusesStatesThatNoMachineHolds) {
  LstmConfig config = small_lstm_config();
  config.context = 65536;
  config.layers = 256;
  EXPECT_THAT(config.check().error().message, HasSubstr("'context * layers * dim'"));
}

class EveryLstm : public testing::TestWithParam<Type> {
 protected:
  std::shared_ptr<const Lstm> model_ =
      *Lstm::random(small_lstm_config(), seed, {GetParam(), nullptr});
};
INSTANTIATE_TEST_SUITE_P(Types, EveryLstm, testing::Values(Type::f32, Type::bf16, Type::i8),
                         [](const auto& p) { return std::string(name_of(p.param)); });

TEST_P(EveryLstm, FedAtOnceIsFedOneByOne) {
  const Steps steps(small_config(), 75, 2);
  LstmSession alone(model_), together(model_);
  const auto z = one_by_one(alone, steps.all());
  EXPECT_THAT(together.feed(steps.all()), ElementsAreArray(z.back()));
  EXPECT_EQ(together.size(), steps.all().size());
}

TEST_P(EveryLstm, ScoreGivesTheOutputOfEveryStep) {
  const Steps steps(small_config(), 37, 2);
  const std::size_t dim = small_config().dim;
  LstmSession alone(model_), scored(model_);
  const auto z = one_by_one(alone, steps.all());
  std::vector<float> all(steps.all().size() * dim);
  scored.score(steps.all(), all);
  for (std::size_t i = 0; i < z.size(); ++i) {
    EXPECT_THAT(std::span(all).subspan(i * dim, dim), ElementsAreArray(z[i])) << "step " << i;
  }
  alone.begin();
  scored.begin();
  EXPECT_THAT(scored.logits(0), ElementsAreArray(alone.logits(0)));
}

TEST_P(EveryLstm, AfterARewindItIsAsIfTheRestHadNeverBeenFed) {
  const Steps steps(small_config(), 30, 3), others(small_config(), 40, 4);
  LstmSession straight(model_), wandering(model_);
  const auto z = one_by_one(straight, steps.all());
  wandering.feed(others.all());
  wandering.reset();
  wandering.feed(steps.all().first(10));
  wandering.feed(others.all());
  wandering.rewind(10);
  EXPECT_EQ(wandering.size(), 10u);
  EXPECT_THAT(wandering.feed(steps.all().subspan(10)), ElementsAreArray(z.back()));
}

}  // namespace
}  // namespace antiphon::nn
