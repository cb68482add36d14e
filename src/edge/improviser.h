// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "edge/messages.h"
#include "generate/partner.h"

namespace antiphon::edge {

/// Keeps a model's view of the jam true, and drafts what it would play next.
///
/// It is told every event that has become a fact. Asked for what comes from a step on, it drafts
/// the first frame as an answer to what was heard, and goes on from there with human notes that it
/// imagines, a frame at a time, until something newer is asked. So a draft of some bars is there
/// when the model is late.
///
/// Threads: one.
class Improviser {
 public:
  /// Drafts reach `reach` steps ahead.
  Improviser(generate::EventModel& model, tokens::Header header, const generate::Sampling& sampling,
             std::int32_t reach);

  void tell(const Told& told);
  bool busy() const { return asked_.has_value(); }
  /// Drafts one more frame and appends it to `out`; needs `busy()`.
  void work(std::vector<Drafted>& out);

 private:
  generate::Partner partner_;
  std::vector<generate::TimedEvent> truth_;  // In online order, from the last settled step on.
  std::int32_t settled_ = 0;
  std::optional<Told> asked_;
  bool rewritten_ = false;  // Of what was asked, the first frame is drafted.
  std::int32_t drafted_ = 0;
  std::int32_t reach_;
  std::uint32_t heard_ = 0;         // Human onsets told.
  std::uint32_t heard_before_ = 0;  // Of these, the ones that `asked_` knows.
};

}  // namespace antiphon::edge
