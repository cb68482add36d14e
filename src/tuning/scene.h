// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "generate/partner.h"
#include "train/dataset.h"
#include "train/excerpt.h"

namespace antiphon::tuning {

/// What a model is put into to live for a while: what its players will do, and what the piece's own
/// accompaniment did.
struct Scene {
  train::Excerpt real;                      ///< As it is written, all parts.
  std::vector<generate::TimedEvent> human;  ///< What the human parts do, in order.
  tokens::GridScore notes;                  ///< Of `real`: part i plays in slot i.
};

/// A stretch of a piece of `data` with human and AI parts that both have something to play: at
/// least eight notes each. At most `max_steps` model steps long. Nothing if none was found in some
/// hundred tries.
std::optional<Scene> draw_scene(const train::Dataset& data, std::size_t max_steps, Random& random);

/// One life of a model in a scene.
struct Rollout {
  train::Excerpt played;    ///< The human parts as they are, the AI parts as the model played them.
  tokens::GridScore notes;  ///< Of `played`.
};

/// Lets `model` play the AI parts under live conditions: each note is drawn from what was heard
/// strictly before it and what the model itself played. Ends early where the model's context is
/// full.
Rollout play(generate::EventModel& model, const Scene& scene, const generate::Sampling& sampling);

}  // namespace antiphon::tuning
