// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "generate/partner.h"

namespace antiphon::generate {

// Has the model stand after the last step that it was told for good.
void Partner::return_to_told() {
  ahead_.clear();
  caught_up_ = 0;
  if (steps_.empty()) return prompt_again();
  model_->rewind(stream_.header_steps() + steps_.size() - 1);
  feed(steps_.size() - 1);
}

std::span<const std::unique_ptr<EventModel>> Partner::branch_model(std::size_t count) {
  if (caught_up_ < ahead_.size()) return_to_told();
  if (model_->size() + model_->capacity() / 8 > model_->capacity()) prompt_again();
  return model_->branch(count);
}

Partner Partner::branch(EventModel& model, std::uint64_t number) const {
  Partner branch = *this;
  branch.model_ = &model;
  branch.chooser_.note(nullptr);
  branch.chooser_.begin_anew(number);
  return branch;
}

void Partner::stand_again(const Partner& branch) {
  if (branch.forgotten_ == forgotten_) return return_to_told();
  prompt_again();
}

void Partner::take(const Partner& branch, std::span<const TimedEvent> drawn, std::int32_t until,
                   std::chrono::nanoseconds each) {
  suppose(drawn);
  earliest_ = std::max(earliest_, until);
  imagined_ = branch.imagined_;
  note_times_.insert(note_times_.end(), drawn.size(), each);
}

}  // namespace antiphon::generate
