// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "generate/improviser.h"
#include "wire/messages.h"

namespace antiphon::cloud {

/// One player's place at a node: an improviser, and what it hasn't been told yet.
///
/// Threads: `put` and `take` under one lock of the caller's; the others outside of it, by one
/// thread at a time.
class Seat {
 public:
  Seat(std::unique_ptr<generate::EventModel> model, const wire::Join& join);

  /// Takes what the player tells if it can be.
  /// Errors: a part that there isn't or that isn't of the kind to do so, a question about what was
  /// asked before or more than an hour ahead, or with a number that isn't above its last, too many
  /// events without a question.
  Status put(const wire::Tell& tell);
  /// What was put since the last time.
  std::vector<generate::Told> take();
  /// Tells the improviser.
  void tell(const std::vector<generate::Told>& told);
  /// What there is to send, and of which question it is the answer.
  struct Answer {
    wire::Down message;
    std::uint32_t request = 0;
  };
  /// Drafts a frame if there is something to draft and the model doesn't have to wait for a pass.
  std::optional<Answer> work();
  /// The model if it waits, else null.
  generate::EventModel* waiting() { return model_->ready() ? nullptr : model_.get(); }
  /// Whether it would draft another frame.
  bool busy() const { return improviser_.busy(); }

 private:
  const tokens::Header header_;
  const std::unique_ptr<generate::EventModel> model_;
  generate::Improviser improviser_;
  std::vector<generate::Told> inbox_;
  std::int32_t from_;          // Of the last question,
  std::uint32_t request_ = 0;  // and its number.
};

}  // namespace antiphon::cloud
