// SPDX-License-Identifier: Apache-2.0
#include "train/infill_data.h"

#include <gtest/gtest.h>

#include <numeric>

#include "train/model.h"
#include "train/trainer.h"

namespace antiphon::train {
namespace {

Dataset two_part_data() {
  Piece piece;
  piece.score.parts.resize(2);
  for (int i = 0; i < 200; ++i) {
    for (std::size_t part = 0; part < 2; ++part) {
      tokens::GridNote note;
      note.onset = 6 * i;
      note.duration = 6;
      note.pitch = static_cast<std::uint8_t>(part == 0 ? 70 + i % 5 : 40 + i % 7);
      piece.score.parts[part].notes.push_back(note);
    }
  }
  std::vector<Piece> pieces;
  pieces.push_back(std::move(piece));
  return Dataset::of(std::move(pieces));
}

TEST(InfillData, AsksForMaskedCellsOnlyAndHidesThem) {
  const Dataset data = two_part_data();
  Random random(5);
  for (int round = 0; round < 50; ++round) {
    const auto grid = draw_window(data.pieces()[0], 128, random);
    ASSERT_TRUE(grid);
    const CellMask region = draw_region(*grid, random);
    Batch batch;
    append_masked(*grid, region, random, batch);
    std::int64_t cells = 0, asked = 0;
    for (const auto& voice : region) cells += std::count(voice.begin(), voice.end(), true);
    EXPECT_EQ(batch.notes, cells);
    float weights = 0;
    for (std::size_t event = 0; event < batch.events(); ++event) {
      const auto frame = static_cast<std::size_t>(batch.predicted_from[event]);
      for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
        const bool hidden = batch.targets[v][event] >= 0;
        EXPECT_LE(hidden, region[v][frame]);
        const auto row = static_cast<std::size_t>(batch.input.offsets[frame]) + v;
        const int base = tokens::voice_input::voice * static_cast<int>(v);
        EXPECT_EQ(batch.input.rows[row] == base + tokens::cell::masked, hidden);
        asked += hidden;
        weights += batch.weights[v][event];
      }
    }
    EXPECT_GT(asked, 0);
    EXPECT_NEAR(weights, static_cast<float>(cells), 0.01F * static_cast<float>(cells));
  }
}

TEST(InfillData, HasNoWindowsOfTriplets) {
  Piece piece;
  piece.score.parts.resize(1);
  for (int i = 0; i < 300; ++i) {
    tokens::GridNote note;
    note.onset = 4 * i;
    note.duration = 4;
    piece.score.parts[0].notes.push_back(note);
  }
  std::vector<Piece> pieces;
  pieces.push_back(std::move(piece));
  EXPECT_FALSE(has_windows(Dataset::of(std::move(pieces)), 128));
  EXPECT_TRUE(has_windows(two_part_data(), 128));
}

TEST(InfillModel, SeesBothSidesOfAStep) {
  Shape shape = infill_shape();
  shape.dim = 32;
  shape.layers = 1;
  shape.heads = shape.kv_heads = 2;
  shape.head_dim = 16;
  shape.rotary = {8, 1000.0, 0, 1000.0};
  shape.ff = 32;
  shape = with_voice_grid(shape, 8);
  Model model(shape, at::kFloat, at::kCPU, 1);
  const Dataset data = two_part_data();
  Random random(2);
  Batch batch = draw_infill_batch(data, 1, 128, random);
  batch.predicted_from = {0};
  at::NoGradGuard no_gradient;
  const at::Tensor before = model.states(batch).clone();
  // The last frame's first voice rests instead.
  batch.input.rows[static_cast<std::size_t>(batch.input.offsets[127])] = tokens::cell::rest;
  const at::Tensor after = model.states(batch);
  EXPECT_GT((before - after).abs().max().item<double>(), 1e-7);
}

}  // namespace
}  // namespace antiphon::train
