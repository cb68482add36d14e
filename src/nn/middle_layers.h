// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "nn/activations.h"
#include "nn/session.h"

namespace antiphon::nn {

/// Where a model is cut in three: layers [first, last) run elsewhere.
struct Cut {
  std::size_t first = 0, last = 0;

  friend bool operator==(const Cut&, const Cut&) = default;
};

/// Steps that a middle has been told and is to take again, elsewhere.
struct Recalled {
  std::size_t from = 0, count = 0;
};

/// The middle of a model: takes activations as they come out of the layer before, and gives what
/// its layers add to them. Keeps the keys and values of its layers, and what it was told.
///
/// What is added, rather than the sum, is what travels back: the numbers that were rounded on the
/// way here stay exact where they came from.
///
/// Threads: one at a time.
class MiddleLayers {
 public:
  /// `cut`: 0 <= first < last <= layers of the model.
  MiddleLayers(std::shared_ptr<const Transformer> model, const Cut& cut);

  std::size_t dim() const { return session_.model().config().dim; }
  std::size_t size() const { return session_.size(); }
  std::size_t capacity() const { return session_.capacity(); }
  /// Steps that can be recalled.
  std::size_t held() const { return told_times_.size(); }
  void rewind(std::size_t size) { session_.rewind(size); }

  /// Takes steps, which must fit; `times` are theirs, as in `Step`; after them, of those that it
  /// was told before the last `rewind`, the `recalled` ones. Gives what is added to the last
  /// `wanted`.
  Activations run(std::span<const std::int32_t> times, const Activations& rows, std::size_t wanted,
                  const Recalled& recalled = {});

 private:
  Session session_;
  Cut cut_;
  Activations told_;
  std::vector<std::int32_t> told_times_;
  std::vector<float> before_, x_;
};

}  // namespace antiphon::nn
