// SPDX-License-Identifier: Apache-2.0
#include "cloud/layer_seat.h"

#include <string>
#include <utility>

namespace antiphon::cloud {

Result<LayerSeat> LayerSeat::of(std::shared_ptr<const nn::Transformer> model, const nn::Cut& cut) {
  const std::size_t layers = model->config().layers;
  if (cut.first >= cut.last || cut.last > layers) {
    return Error{Errc::invalid_input, "layers " + std::to_string(cut.first) + " to " +
                                          std::to_string(cut.last) + " of a model of " +
                                          std::to_string(layers)};
  }
  return LayerSeat(std::move(model), cut);
}

Status LayerSeat::put(wire::Steps message) {
  const generate::MiddleSteps& steps = message.steps;
  const std::size_t capacity = middle_->capacity();
  if (steps.rows.dim != middle_->dim()) {
    return Error{Errc::invalid_input, "activations are " + std::to_string(steps.rows.dim) +
                                          " wide, the model's are " +
                                          std::to_string(middle_->dim())};
  }
  if (steps.at > size_) {
    return Error{Errc::out_of_range, "steps that begin after " + std::to_string(steps.at) +
                                         " others, of which " + std::to_string(size_) +
                                         " were told"};
  }
  const nn::Recalled& recalled = steps.recalled;
  if (recalled.count > size_ || recalled.from > size_ - recalled.count) {
    return Error{Errc::out_of_range, std::to_string(recalled.count) + " steps to recall after " +
                                         std::to_string(recalled.from) + ", of " +
                                         std::to_string(size_)};
  }
  const std::size_t rows = steps.rows.rows() + recalled.count;
  if (steps.at > capacity || rows > capacity - steps.at) {
    return Error{Errc::out_of_range,
                 "more steps than the model's context holds, " + std::to_string(capacity)};
  }
  if (waiting_ + rows > 4 * capacity) {
    return Error{Errc::out_of_range,
                 "more than " + std::to_string(4 * capacity) + " steps wait for their turn"};
  }
  size_ = steps.at + rows;
  waiting_ += rows;
  inbox_.push_back(std::move(message));
  return Done{};
}

std::vector<wire::Steps> LayerSeat::take() {
  waiting_ = 0;
  return std::exchange(inbox_, {});
}

std::vector<wire::Added> LayerSeat::work(const std::vector<wire::Steps>& told) {
  std::vector<wire::Added> answers;
  for (const wire::Steps& message : told) {
    const generate::MiddleSteps& steps = message.steps;
    middle_->rewind(steps.at);
    nn::Activations added = middle_->run(steps.times, steps.rows, steps.wanted, steps.recalled);
    if (steps.wanted > 0) answers.push_back({steps.serial, std::move(added)});
  }
  return answers;
}

}  // namespace antiphon::cloud
