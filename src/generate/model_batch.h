// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "generate/event_model.h"
#include "nn/event_net.h"

namespace antiphon::generate {

/// Runs the steps that many models of one net wait for together: the weights are read once for all.
/// What a model answers doesn't depend on the others, bit for bit.
///
/// Threads: one.
class ModelBatch {
 public:
  virtual ~ModelBatch() = default;
  /// Runs a step of each of these, or several where many wait. They are different models of
  /// `make_batched_model`, of the net of this batch, none of them ready; nobody uses them
  /// meanwhile.
  virtual void run(std::span<EventModel* const> waiting) = 0;
};

/// Of at most `most` models at a time.
std::unique_ptr<ModelBatch> make_model_batch(const nn::EventNet& net, std::size_t most);

/// A net with a session of its own, whose steps wait for a batch, if it `waits`. Nets that have no
/// batches are always ready.
///
/// Threads: one. The net is shared and immutable.
std::unique_ptr<EventModel> make_batched_model(const nn::EventNet& net, bool waits = true);

}  // namespace antiphon::generate
