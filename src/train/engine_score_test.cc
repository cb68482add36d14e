// SPDX-License-Identifier: Apache-2.0
#include "train/engine_score.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "train/checkpoint.h"
#include "train/evaluation.h"

namespace antiphon::train {
namespace {

Shape tiny_shape(Layout layout) {
  Shape shape = edge_shape();
  shape.dim = 32;
  shape.layers = 2;
  shape.heads = 2;
  shape.kv_heads = 1;
  shape.head_dim = 16;
  shape.ff = 48;
  shape.context = layout == Layout::compound ? 40 : 200;
  shape.rotary = {4, 10000.0, 4, 1000.0};
  return with_vocabulary(shape, 16, layout);
}

Piece tune() {
  Piece piece;
  piece.score.meters = {{0, *music::Meter::of(4, 4)}};
  piece.score.parts.resize(2);
  for (std::int32_t i = 0; i < 40; ++i) {
    piece.score.parts[0].notes.push_back({i * 12, 12, static_cast<std::uint8_t>(60 + i % 5), 3});
    piece.score.parts[1].notes.push_back({i * 12, 6, static_cast<std::uint8_t>(40 + i % 2), 2});
  }
  return piece;
}

class EngineScore : public testing::TestWithParam<Layout> {
 protected:
  EngineScore()
      : path_(std::filesystem::temp_directory_path() /
              ("antiphon-engine-score-" + std::to_string(::getpid()))),
        model_(tiny_shape(GetParam()), at::kFloat, at::kCPU, 1),
        excerpts_(evaluation_excerpts(tune(), window_of(model_.shape()))) {
    at::set_num_threads(1);
    Optimizer optimizer(model_.parameters(), {});
    EXPECT_TRUE(save_checkpoint(path_, model_, optimizer, {}).ok());
  }
  ~EngineScore() override { std::filesystem::remove(path_); }

  std::filesystem::path path_;
  Model model_;
  std::vector<Excerpt> excerpts_;
};

TEST_P(EngineScore, IsTheTrainersFieldByField) {
  const auto engine = load_for_engine(path_, nn::Type::f32);
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  ASSERT_GT(excerpts_.size(), 1U);
  const Score expected = score(model_, excerpts_, 2);
  const Score scored = score(*engine, excerpts_);
  EXPECT_EQ(scored.notes, 80);
  EXPECT_EQ(scored.notes, expected.notes);
  EXPECT_EQ(scored.events, expected.events);
  for (std::size_t field = 0; field < max_fields; ++field) {
    EXPECT_NEAR(scored.nats[field] / expected.nats[field], 1.0, 1e-4) << field;
  }
}

TEST_P(EngineScore, PlayingTakesAPassForEachEventPredicted) {
  const auto engine = load_for_engine(path_, nn::Type::i8);
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  const Score scored = score(*engine, excerpts_);
  const PlayingCost cost = playing_cost(*engine, excerpts_);
  EXPECT_DOUBLE_EQ(cost.steps_per_note,
                   static_cast<double>(scored.events) / static_cast<double>(scored.notes));
  EXPECT_GT(cost.us_per_note, 0);
}

INSTANTIATE_TEST_SUITE_P(Layouts, EngineScore,
                         testing::Values(Layout::compound, Layout::flat, Layout::flat_told));

TEST(EngineModel, AFileThatIsNoCheckpointIsRefused) {
  EXPECT_FALSE(load_for_engine("/nowhere/last.safetensors", nn::Type::f32).ok());
}

}  // namespace
}  // namespace antiphon::train
