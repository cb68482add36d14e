// SPDX-License-Identifier: Apache-2.0
#include "train/model.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "nn/event_net.h"
#include "train/begin.h"
#include "train/checkpoint.h"
#include "train/excerpt.h"
#include "train/export.h"
#include "train/golden.h"
#include "train/measure.h"
#include "train/trainer.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;

Shape tiny_shape(Family family) {
  Shape shape = family == Family::lstm ? reflex_shape() : edge_shape();
  shape.dim = 32;
  shape.layers = 2;
  shape.context = 48;
  if (family == Family::transformer) {
    shape.heads = 2;
    shape.kv_heads = 1;
    shape.head_dim = 16;
    shape.ff = 48;
    shape.rotary = {4, 10000.0, 4, 1000.0};
  }
  return with_vocabulary(shape, 16);
}

Dataset tiny_data() {
  Piece piece;
  piece.path = "lieder/tiny";
  piece.score.meters = {{0, *music::Meter::of(4, 4)}};
  piece.score.parts.resize(2);
  for (std::int32_t i = 0; i < 32; ++i) {
    piece.score.parts[0].notes.push_back({i * 12, 12, static_cast<std::uint8_t>(60 + i % 5), 0});
    piece.score.parts[1].notes.push_back({i * 12, 6, static_cast<std::uint8_t>(40 + i % 2), 0});
  }
  return Dataset::of({piece});
}

class Training : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    folder_ = fs::temp_directory_path() / ("antiphon-model-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.shape = tiny_shape(GetParam());
    options_.sequences = 2;
    options_.warmup = 5;
    options_.learning_rate = 1e-2;
    options_.product = at::kFloat;
    options_.checkpoint = folder_ / "run";
  }
  void TearDown() override { fs::remove_all(folder_); }

  Status train(std::int64_t steps, std::int64_t stop_after = 1 << 20) {
    options_.steps = steps;
    std::int64_t calls = 0;
    return run(
        options_, data_, nullptr, [&] { return ++calls > stop_after; },
        [&](const std::string& line) { last_line_ = line; });
  }
  std::vector<float> values() {
    Model model(options_.shape, at::kFloat, at::kCPU, 0);
    EXPECT_TRUE(begin_with(options_.checkpoint / "last.safetensors", model).ok());
    std::vector<float> all;
    for (const ParameterGroup* group : model.parameters().groups()) {
      const float* from = group->value.data_ptr<float>();
      all.insert(all.end(), from, from + group->count());
    }
    return all;
  }

  fs::path folder_;
  RunOptions options_;
  Dataset data_ = tiny_data();
  std::string last_line_;
};

INSTANTIATE_TEST_SUITE_P(Families, Training, testing::Values(Family::transformer, Family::lstm),
                         [](const auto& p) {
                           return p.param == Family::lstm ? "lstm" : "transformer";
                         });

TEST_P(Training, LearnsASmallPieceByHeart) {
  Model before(options_.shape, at::kFloat, at::kCPU, options_.seed);
  ASSERT_TRUE(train(120).ok());
  Model after(options_.shape, at::kFloat, at::kCPU, options_.seed);
  ASSERT_TRUE(begin_with(options_.checkpoint / "last.safetensors", after).ok());
  Random random(99);
  const Batch batch = data_.draw(2, 48, random);
  EXPECT_GT(score(before, batch).per_event(), 8.0);
  EXPECT_LT(score(after, batch).per_event(), 5.0);
}

TEST_P(Training, AdamWAloneLearnsItAsWell) {
  options_.optimizer.muon = false;
  ASSERT_TRUE(train(120).ok());
  Model after(options_.shape, at::kFloat, at::kCPU, options_.seed);
  ASSERT_TRUE(begin_with(options_.checkpoint / "last.safetensors", after).ok());
  Random random(99);
  EXPECT_LT(score(after, data_.draw(2, 48, random)).per_event(), 5.0);
}

TEST_P(Training, ARunInTwoPartsEndsWhereOneInAPieceDoes) {
  ASSERT_TRUE(train(8).ok());
  const auto whole = values();
  fs::remove_all(options_.checkpoint);
  ASSERT_TRUE(train(8, 3).ok());
  EXPECT_NE(values(), whole);
  options_.resume = true;
  ASSERT_TRUE(train(8).ok());
  EXPECT_EQ(values(), whole);
}

TEST_P(Training, TwoReplicasLearn) {
  options_.replicas = 2;
  ASSERT_TRUE(train(3).ok());
  const auto two = values();
  for (const float value : two) ASSERT_TRUE(std::isfinite(value));
  Model fresh(options_.shape, at::kFloat, at::kCPU, options_.seed);
  EXPECT_NE(two[0], fresh.parameters().groups()[0]->value.data_ptr<float>()[0]);
}

TEST_P(Training, ARunWithoutAnEndIsRefused) {
  EXPECT_EQ(train(0).error().message, "a run needs an end: steps or minutes");
}

TEST_P(Training, RowsMayBeShorterThanTheContextButNotLonger) {
  options_.length = 36;
  ASSERT_TRUE(train(2).ok());
  options_.length = 49;
  EXPECT_EQ(train(2).error().message, "a row has 32 to 48 steps, the context, not 49");
}

TEST_P(Training, ACheckpointOfAnotherShapeIsRefused) {
  ASSERT_TRUE(train(1).ok());
  options_.shape.layers = 1;
  options_.resume = true;
  EXPECT_NE(train(2).error().message.find("a checkpoint of another shape"), std::string::npos);
}

TEST_P(Training, ARunBeginsWithWhatWasExported) {
  ASSERT_TRUE(train(3).ok());
  const auto checkpoint = options_.checkpoint / "last.safetensors";
  const Batch batch = random_batch(options_.shape, 2, 48, 5);
  const auto score_of = [&](const fs::path& path, std::uint32_t layers) {
    Shape shape = options_.shape;
    shape.layers = layers;
    Model model(shape, at::kFloat, at::kCPU, 7);
    const Status begun = begin_with(path, model);
    EXPECT_TRUE(begun.ok()) << begun.error().message;
    return score(model, batch).total();
  };
  const double trained = score_of(checkpoint, options_.shape.layers);
  for (const auto& [type, tolerance] : {std::pair{nn::Type::f32, 0.0}, {nn::Type::i8, 1e-2}}) {
    const auto folder = folder_ / std::string(nn::name_of(type));
    ASSERT_TRUE(export_model(checkpoint, folder, type, {}).ok());
    EXPECT_NEAR(score_of(folder, options_.shape.layers) / trained, 1.0, tolerance);
  }
}

TEST_P(Training, AMixIsAMeanOfTwoCheckpoints) {
  ASSERT_TRUE(train(1).ok());
  const auto later = options_.checkpoint / "last.safetensors", earlier = folder_ / "earlier";
  fs::copy_file(later, earlier);
  options_.resume = true;
  ASSERT_TRUE(train(3).ok());
  const auto mix = folder_ / "mix";
  ASSERT_TRUE(export_model(earlier, mix, nn::Type::f32, {}, {later, 0.25f}).ok());
  const auto weight_in = [](const fs::path& path) {
    const auto file = nn::SafeTensors::parse(*read_file(path));
    float weight = 0;
    std::memcpy(&weight, file->find("input.weight")->bytes.data(), sizeof weight);
    return weight;
  };
  const float before = weight_in(earlier), after = weight_in(later);
  EXPECT_NE(before, after);
  EXPECT_FLOAT_EQ(weight_in(mix / "weights.safetensors"), 0.75f * before + 0.25f * after);

  options_.shape.layers += 1;
  options_.resume = false;
  ASSERT_TRUE(train(1).ok());
  EXPECT_NE(export_model(later, mix, nn::Type::f32, {}, {earlier, 0.5f})
                .error()
                .message.find("earlier: "),
            std::string::npos);
}

TEST_P(Training, ADeeperModelBeginsAsTheSameFunction) {
  ASSERT_TRUE(train(3).ok());
  const auto checkpoint = options_.checkpoint / "last.safetensors";
  Model same(options_.shape, at::kFloat, at::kCPU, 7);
  ASSERT_TRUE(begin_with(checkpoint, same).ok());
  Shape deeper = options_.shape;
  deeper.layers = 2 * options_.shape.layers + 1;
  Model grown(deeper, at::kFloat, at::kCPU, 7);
  const Status begun = begin_with(checkpoint, grown);
  if (GetParam() == Family::lstm) {
    EXPECT_NE(begun.error().message.find("an LSTM can't be given more layers"), std::string::npos);
    return;
  }
  ASSERT_TRUE(begun.ok()) << begun.error().message;
  const Batch batch = random_batch(options_.shape, 2, 48, 5);
  EXPECT_NEAR(score(grown, batch).total() / score(same, batch).total(), 1.0, 1e-6);
  deeper.layers = 1;
  Model shallow(deeper, at::kFloat, at::kCPU, 7);
  EXPECT_NE(begin_with(checkpoint, shallow).error().message.find("of fewer layers"),
            std::string::npos);
}

TEST_P(Training, APupilBecomesLikeItsTeacher) {
  ASSERT_TRUE(train(40).ok());
  const auto folder = folder_ / "teacher";
  ASSERT_TRUE(
      export_model(options_.checkpoint / "last.safetensors", folder, nn::Type::f32, {}).ok());
  Model teacher(options_.shape, at::kFloat, at::kCPU, 7);
  ASSERT_TRUE(begin_with(folder, teacher).ok());
  Random random(99);
  const Batch batch = data_.draw(2, 48, random);
  const auto expected = teacher.distributions(batch);
  EXPECT_NEAR(expected[0].sum().item<double>(), static_cast<double>(batch.events()), 1e-3);
  // How unlike the teacher a pupil is after so many steps.
  const auto unlike = [&](const fs::path& from) {
    fs::remove_all(options_.checkpoint);
    options_.teacher = from;
    options_.taught = 1;
    options_.seed = 5;
    options_.shape.layers = 1;
    EXPECT_TRUE(train(40).ok());
    Model pupil(options_.shape, at::kFloat, at::kCPU, 7);
    EXPECT_TRUE(begin_with(options_.checkpoint / "last.safetensors", pupil).ok());
    at::NoGradGuard no_gradient;
    return pupil.losses(batch, &expected).back().item<double>();
  };
  const double taught = unlike(folder);
  EXPECT_LT(taught, unlike({}));
}

TEST_P(Training, Bfloat16FollowsFloat) {
  Model exact(options_.shape, at::kFloat, at::kCPU, 1);
  Model narrow(options_.shape, at::kBFloat16, at::kCPU, 1);
  const Batch batch = random_batch(options_.shape, 2, 48, 5);
  const Score a = score(exact, batch);
  const Score b = score(narrow, batch);
  for (std::size_t field = 0; field < a.nats.size(); ++field) {
    EXPECT_NEAR(b.nats[field] / a.nats[field], 1.0, 0.01) << field;
  }
}

// The engine that plays must compute what the learner computed.
TEST_P(Training, TheEngineAgreesWithLibtorchOnAnExportedModel) {
  ASSERT_TRUE(train(3).ok());
  const auto out = folder_ / "model";
  ASSERT_TRUE(export_model(options_.checkpoint / "last.safetensors", out, nn::Type::f32, {}).ok());
  Model learner(options_.shape, at::kFloat, at::kCPU, 0);
  ASSERT_TRUE(begin_with(options_.checkpoint / "last.safetensors", learner).ok());
  const auto file = nn::SafeTensors::parse(*read_file(out / "weights.safetensors"));
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto config = read_file(out / "config.json");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto net = nn::load_event_net(as_text(*config), *file);
  ASSERT_TRUE(net.ok()) << net.error().message;

  at::NoGradGuard no_gradient;
  Random random(4);
  Batch batch;
  batch.sequences = 1;
  batch.length = 48;
  append(draw_excerpt(data_.pieces()[0], 48, random), batch);
  finish_row(batch);
  const at::Tensor z = learner.states(batch);
  std::size_t event = 0;
  const auto bag = [](const Bags& bags, std::size_t i) {
    return std::vector<std::uint16_t>(bags.rows.begin() + bags.offsets[i],
                                      bags.rows.begin() + bags.offsets[i + 1]);
  };
  double worst = 0;
  const auto play = [&](auto session) {
    for (std::size_t step = 0; step < 48 && event < batch.events(); ++step) {
      const auto rows = bag(batch.input, step);
      session.feed({rows, batch.time[step]});
      if (batch.predicted_from[event] != static_cast<std::int32_t>(step)) continue;
      session.begin();
      for (std::size_t field = 0; field < options_.shape.fields.size(); ++field) {
        const at::Tensor expected =
            learner.logits(batch, z, field)[static_cast<std::int64_t>(event)];
        const auto logits = session.logits(field);
        for (std::size_t i = 0; i < logits.size(); ++i) {
          worst = std::max(
              worst, std::abs(static_cast<double>(expected.contiguous().data_ptr<float>()[i]) -
                              static_cast<double>(logits[i])));
        }
        if (field < 4) session.condition(bag(batch.conditions[field], event));
      }
      ++event;
    }
  };
  std::visit([&](const auto& own) { play(nn::session_of(own)); }, *net);
  EXPECT_GT(event, 20U);
  EXPECT_LT(worst, 1e-4);
}

TEST(Muon, MakesSingularValuesAlikeAndKeepsTheirVectors) {
  at::manual_seed(5);
  for (const auto& sizes : {std::pair(24, 40), std::pair(40, 24), std::pair(32, 32)}) {
    const at::Tensor x = at::randn({sizes.first, sizes.second}) * 7.0;
    const auto [u, s, v] = at::linalg_svd(x, /*full_matrices=*/false);
    const at::Tensor turned = at::mm(at::mm(u.t(), orthogonal(x)), v.t());
    const at::Tensor diagonal = turned.diag();
    const at::Tensor strong = s > 0.05 * s.max();  // Five steps don't lift the faintest ones.
    EXPECT_GT(diagonal.masked_select(strong).min().item<float>(), 0.6F);
    EXPECT_LT(diagonal.max().item<float>(), 1.3F);
    EXPECT_LT((turned - at::diag(diagonal)).abs().max().item<float>(), 1e-3F);
  }
}

TEST(Schedules, RiseAndEndLow) {
  for (const Schedule schedule : {Schedule::cosine, Schedule::wsd}) {
    EXPECT_LT(rate_at(schedule, 0, 100, 0.0), 0.02);
    EXPECT_NEAR(rate_at(schedule, 100, 100, 0.0), 1.0, 1e-9);
    EXPECT_LE(rate_at(schedule, 1000, 100, 1.0), 0.01);
  }
}

}  // namespace
}  // namespace antiphon::train
