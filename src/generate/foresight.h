// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "generate/partner.h"

namespace antiphon::generate {

/// Chooses the AI events of a frame as those of one of several futures: drafts of the next quarter,
/// human parts and all. It is the one whose AI parts go best with the human parts of the others, in
/// consonance (minimum Bayes risk; Kumar and Byrne 2004, Eikema and Aziz 2020).
///
/// The futures are drafted side by side where the model has branches, a step of each at a time, and
/// one after another on itself where it hasn't.
///
///   Foresight foresight(partner, from, 8);
///   while (!foresight.work()) run what foresight.waiting() has;
///   drawn = foresight.choose();
///
/// Threads: one. Borrows the partner, which stands at `from` and isn't used meanwhile.
class Foresight {
 public:
  using Clock = std::chrono::steady_clock;

  /// After `deadline` no more is done than one future needs.
  Foresight(Partner& partner, std::int32_t from, int futures,
            Clock::time_point deadline = Clock::time_point::max());

  /// Drafts on; true when all is there. False where each future that is left waits for its model.
  bool work();
  /// The models that wait; borrowed until the next call.
  std::span<EventModel* const> waiting() const { return waiting_; }
  /// The AI events of the frame, once all is there; the partner takes them for drawn.
  std::vector<TimedEvent> choose();

 private:
  struct Future {
    Partner partner;
    std::vector<TimedEvent> drawn;
    bool done = false;
  };
  void draft(Future& future);

  Partner& partner_;
  std::int32_t from_;
  Clock::time_point began_ = Clock::now(), deadline_;
  bool side_by_side_;
  std::vector<Future> futures_;
  std::vector<EventModel*> waiting_;
};

/// What `Foresight` chooses, however long it takes.
std::vector<TimedEvent> play_foreseeing(
    Partner& partner, std::int32_t from, int futures,
    Foresight::Clock::time_point deadline = Foresight::Clock::time_point::max());

}  // namespace antiphon::generate
