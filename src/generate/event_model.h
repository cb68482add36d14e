// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "nn/session.h"

namespace antiphon::generate {

/// A model that follows one stream of events: given this context, what comes next, and how likely
/// is it.
///
/// Steps go in; the fields of the next event are asked for in order, and after each choice the
/// model is told its condition rows. Asking again after `begin` costs no pass through the backbone.
class EventModel {
 public:
  virtual ~EventModel() = default;

  /// Steps that it can hold, and holds.
  virtual std::size_t capacity() const = 0;
  virtual std::size_t size() const = 0;
  /// Forgets all steps from `size` on. The next `begin` needs a step fed first.
  virtual void rewind(std::size_t size) = 0;
  /// Takes steps; size() + steps.size() must not exceed capacity().
  virtual void feed(std::span<const nn::Step> steps) = 0;
  /// False while steps that it took wait for a pass together with those of other models
  /// (`ModelBatch`), of which `begin` makes one of its own, or while the answer to the step that
  /// was fed last has to come from elsewhere.
  virtual bool ready() const { return true; }

  /// Takes steps as `feed` does, in one pass, for `begin` to go back to any of them.
  virtual void score(std::span<const nn::Step> steps) = 0;

  /// So many models that stand where this one does, to try out in each what may come next; none
  /// where it can't have any. What they are fed waits. Borrowed until the next call.
  virtual std::span<const std::unique_ptr<EventModel>> branch(std::size_t /*count*/) { return {}; }
  /// Runs a step of each of these, which are branches of this one that aren't ready, or several
  /// where many wait.
  virtual void run_branches(std::span<EventModel* const> /*waiting*/) {}

  /// Starts on the event after the step that was fed last, or `back` steps before it: of those that
  /// the last call scored, if nothing was fed or forgotten since.
  virtual void begin(std::size_t back = 0) = 0;
  /// The logits of a field; borrowed until the next call.
  virtual std::span<const float> logits(int field) = 0;
  virtual void condition(std::span<const std::uint16_t> rows) = 0;
};

}  // namespace antiphon::generate
