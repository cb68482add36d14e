// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "generate/partner.h"

namespace antiphon::generate {

/// The step at which live playing is scheduled and measured: a sixteenth.
inline constexpr std::int32_t steps_per_frame = 3;

/// To an improviser.
struct Told {
  enum class Kind : std::uint8_t { event, ask };
  Kind kind = Kind::event;
  TimedEvent event;       ///< `event`: what a human or AI part did, for good.
  std::int32_t from = 0;  ///< `ask`: what will be played from this step on?
  std::uint32_t request = 0;

  friend bool operator==(const Told&, const Told&) = default;
};

/// From an improviser.
struct Drafted {
  enum class Kind : std::uint8_t { event, covered };
  Kind kind = Kind::event;
  std::uint32_t request = 0;
  TimedEvent event;         ///< `event`: a note or tie of an AI part.
  std::int32_t until = 0;   ///< `covered`: all events before this step have been sent.
  std::uint32_t heard = 0;  ///< `covered`: human onsets that the answer knows of.

  friend bool operator==(const Drafted&, const Drafted&) = default;
};

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
  /// Drafts reach `reach` steps ahead. It comes in at the step `start`.
  Improviser(EventModel& model, tokens::Header header, const Sampling& sampling, std::int32_t reach,
             std::int32_t start = 0);

  void tell(const Told& told);
  bool busy() const { return asked_.has_value(); }
  /// Drafts one more frame and appends it to `out`; needs `busy()`.
  void work(std::vector<Drafted>& out);

 private:
  Partner partner_;
  std::vector<TimedEvent> truth_;  // In online order, from the last settled step on.
  std::int32_t settled_;
  std::optional<Told> asked_;
  bool rewritten_ = false;  // Of what was asked, the first frame is drafted.
  std::int32_t drafted_ = 0;
  std::int32_t reach_;
  std::uint32_t heard_ = 0;         // Human onsets told.
  std::uint32_t heard_before_ = 0;  // Of these, the ones that `asked_` knows.
};

}  // namespace antiphon::generate
