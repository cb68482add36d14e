// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "generate/partner.h"

namespace antiphon::generate {

/// To an improviser.
struct Told {
  enum class Kind : std::uint8_t { event, proposal, ask, control };
  Kind kind = Kind::event;
  /// `event`: what a human or AI part did, for good. `proposal`: what somebody else would play in
  /// the first frame that is asked for next.
  TimedEvent event;
  std::int32_t from = 0;  ///< `ask`: what will be played from this step on?
  std::uint32_t request = 0;
  std::int32_t reach = 0;  ///< `ask`: for so many steps; 0: as many as it does anyway.
  Control control = {};    ///< `control`: what is wished for from now on.
  bool proposes = false;   ///< `ask`: the proposals before it, be it none, are a whole frame.

  static Told fact(const TimedEvent& event) { return {Kind::event, event, 0, 0, 0, {}, false}; }
  static Told proposal(const TimedEvent& event) {
    return {Kind::proposal, event, 0, 0, 0, {}, false};
  }
  static Told ask(std::int32_t from, std::uint32_t request, std::int32_t reach = 0,
                  bool proposes = false) {
    return {Kind::ask, {}, from, request, reach, {}, proposes};
  }
  static Told wish(const Control& control) { return {Kind::control, {}, 0, 0, 0, control, false}; }

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
  bool adopted = false;     ///< `covered`: the frame is what was proposed.

  friend bool operator==(const Drafted&, const Drafted&) = default;
};

/// Keeps a model's view of the jam true, and drafts what it would play next.
///
/// It is told every event that has become a fact. Asked for what comes from a step on, it drafts
/// the first frame as an answer to what was heard, and goes on from there with human notes that it
/// imagines, a frame at a time, until something newer is asked. So a draft of some bars is there
/// when the model is late.
///
/// Where somebody else proposes what to play in the first frame, that is taken if it fits: if it
/// surprises the model no more than its own drafts do.
///
/// Threads: one.
class Improviser {
 public:
  /// Drafts reach `reach` steps ahead. It comes in at the step `start`.
  Improviser(EventModel& model, tokens::Header header, const Sampling& sampling, std::int32_t reach,
             std::int32_t start = 0);

  /// The chords of the piece, if they are known.
  void set_chart(Chart chart) { partner_.set_chart(std::move(chart)); }

  void tell(const Told& told);
  bool busy() const { return asked_.has_value(); }
  /// Drafts one more frame and appends it to `out`; needs `busy()`.
  void work(std::vector<Drafted>& out);

 private:
  bool adopt(std::int32_t from);

  Partner partner_;
  std::vector<TimedEvent> truth_;  // In online order, from the last settled step on.
  std::int32_t settled_;
  std::optional<Told> asked_;
  std::vector<TimedEvent> proposing_;                // For the next question.
  std::optional<std::vector<TimedEvent>> proposal_;  // For the one that is asked.
  bool rewritten_ = false;  // Of what was asked, the first frame is drafted.
  std::int32_t drafted_ = 0;
  std::int32_t reach_;
  std::uint32_t heard_ = 0;         // Human onsets told.
  std::uint32_t heard_before_ = 0;  // Of these, the ones that `asked_` knows.
};

}  // namespace antiphon::generate
