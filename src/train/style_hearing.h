// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "train/dataset.h"
#include "train/engine_score.h"

namespace antiphon::train {

/// How a model tells one style from the others in music that people wrote.
struct StyleHeard {
  std::string style;
  int pieces = 0;
  int likeliest = 0;  ///< Of these, held for likeliest with their own style,
  int near = 0;       ///< or with one other.
};

/// Of each style that a player can ask for: the first 64 quarters of the pieces that are of it, all
/// parts but drums as one piano's, scored with each style in the header, and with nothing else
/// told. Pieces with fewer than 64 notes there are left out.
std::vector<StyleHeard> hear_styles(const EngineModel& model, const Dataset& data);

}  // namespace antiphon::train
