// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "nn/event_net.h"
#include "train/excerpt.h"
#include "train/layout.h"
#include "train/trainer.h"

namespace antiphon::train {

/// A model as the engine plays it, with the layout of its events.
struct EngineModel {
  nn::EventNet net;
  Layout layout;
};

/// The model in a folder that `export` made, in the numbers that it is stored in.
Result<EngineModel> load_exported(const std::filesystem::path& folder);

/// A checkpoint of any layout, its matrices turned into `type`.
Result<EngineModel> load_for_engine(const std::filesystem::path& checkpoint, nn::Type type);

/// What excerpts cost in the engine's own numbers, by the same sums as `score` of a `Model`.
Score score(const EngineModel& model, const std::vector<Excerpt>& excerpts);

/// What playing costs: every event fed and all of its fields' logits asked for, one after another.
struct PlayingCost {
  double steps_per_note = 0;  ///< Passes through the backbone, the header left out.
  double us_per_note = 0;     ///< Of processor time, on one thread.
};
PlayingCost playing_cost(const EngineModel& model, const std::vector<Excerpt>& excerpts);

}  // namespace antiphon::train
