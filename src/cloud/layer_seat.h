// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "nn/middle_layers.h"
#include "wire/messages.h"

namespace antiphon::cloud {

/// The place at a node of a player who shares a model with it by layers. What is played isn't told
/// here.
///
/// Threads: `put` and `take` under one lock of the caller's; `work` outside of it, by one thread at
/// a time.
class LayerSeat {
 public:
  /// Errors: a cut that the model hasn't.
  static Result<LayerSeat> of(std::shared_ptr<const nn::Transformer> model, const nn::Cut& cut);

  /// Takes steps if they can be.
  /// Errors: of another width than the model, after steps or with others to recall that it wasn't
  /// told, more than its context holds, more waiting than it will run.
  Status put(wire::Steps steps);
  /// What was put since the last time.
  std::vector<wire::Steps> take();
  /// Runs them; gives the answers that are wanted.
  std::vector<wire::Added> work(const std::vector<wire::Steps>& told);

 private:
  LayerSeat(std::shared_ptr<const nn::Transformer> model, const nn::Cut& cut)
      : middle_(std::make_unique<nn::MiddleLayers>(std::move(model), cut)) {}

  std::unique_ptr<nn::MiddleLayers> middle_;
  std::vector<wire::Steps> inbox_;
  std::size_t size_ = 0, waiting_ = 0;  // Steps, when all of the inbox has run; in the inbox.
};

}  // namespace antiphon::cloud
