// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "generate/facts.h"
#include "generate/harmony.h"
#include "generate/partner.h"

namespace antiphon::generate {

/// To an improviser.
struct Told {
  enum class Kind : std::uint8_t { event, proposal, drawn, chord, ask, control };
  Kind kind = Kind::event;
  /// `event`: what a human or AI part did, for good. `proposal`: what somebody else would play in
  /// the first frame that is asked for next. `drawn`: see `drawn`.
  TimedEvent event = {};
  std::int32_t from = 0;  ///< `ask`: what will be played from this step on?
  std::uint32_t request = 0;
  std::int32_t reach = 0;       ///< `ask`: for so many steps; 0: as many as it does anyway.
  Control control = {};         ///< `control`: what is wished for from now on.
  bool proposes = false;        ///< `ask`: the proposals before it, be it none, are a whole frame.
  std::uint32_t within_us = 0;  ///< `ask`: later, an answer is worth nothing; 0: it isn't said.
  std::int32_t noted = 0;  ///< `ask`: what is drawn for so many steps is told choice by choice.
  /// `ask`: when that is done, the chords of so many steps are foretold.
  std::int32_t foretold = 0;
  ChartChord chord =
      {};  ///< `chord`: one that somebody foretells, in place of those from there on.
  /// `drawn`: the next choice of a draft that was noted elsewhere. The question after it asks to
  /// check that draft, which is of all its reach, and to correct it.
  DrawnChoice drawn = {};

  static Told fact(const TimedEvent& event) { return {.event = event}; }
  static Told proposal(const TimedEvent& event) { return {.kind = Kind::proposal, .event = event}; }
  static Told ask(std::int32_t from, std::uint32_t request, std::int32_t reach = 0,
                  bool proposes = false) {
    return {
        .kind = Kind::ask, .from = from, .request = request, .reach = reach, .proposes = proposes};
  }
  static Told choice(const DrawnChoice& drawn) { return {.kind = Kind::drawn, .drawn = drawn}; }
  static Told harmony(const ChartChord& chord) { return {.kind = Kind::chord, .chord = chord}; }
  static Told wish(const Control& control) { return {.kind = Kind::control, .control = control}; }

  friend bool operator==(const Told&, const Told&) = default;
};

/// From an improviser.
struct Drafted {
  enum class Kind : std::uint8_t { event, drawn, covered, chord };
  Kind kind = Kind::event;
  std::uint32_t request = 0;
  TimedEvent event;         ///< `event`: a note or tie of an AI part.
  std::int32_t until = 0;   ///< `covered`: all events before this step have been sent.
  std::uint32_t heard = 0;  ///< `covered`: human onsets that the answer knows of.
  bool adopted = false;    ///< `covered`: till there it is what was proposed, or drafted elsewhere.
  DrawnChoice drawn = {};  ///< `drawn`: a choice of what comes up to the next `covered`.
  ChartChord chord = {};   ///< `chord`: foretold; they come in the order of time.

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
/// surprises the model no more than its own drafts do. Where somebody else has noted a draft, that
/// is checked: what is answered is distributed as without it (`Partner::follow`).
///
/// Asked to, it foretells harmony: it imagines what comes, player and all, a few times over, and
/// takes the chords that most of it is of.
///
/// Threads: one.
class Improviser {
 public:
  /// Drafts reach `reach` steps ahead. It comes in at the step `start`.
  Improviser(EventModel& model, tokens::Header header, const Sampling& sampling, std::int32_t reach,
             std::int32_t start = 0);

  /// The chords of the piece, if they are known.
  void set_chart(Chart chart) { partner_.set_chart(std::move(chart)); }

  /// Choosing among futures may take so long a frame, or little more; what is drawn then depends on
  /// the machine.
  void set_patience(std::chrono::nanoseconds patience) { patience_ = patience; }

  void tell(const Told& told);
  bool busy() const { return asked_.has_value(); }
  /// Drafts one more frame, or a few that somebody else drafted, and appends it to `out`; needs
  /// `busy()`. False where the model isn't ready: then nothing was appended, and it is to be called
  /// again.
  bool work(std::vector<Drafted>& out);

 private:
  // What became of a frame: the model has to wait, it was drafted, somebody else's draft was kept.
  enum class Worked : std::uint8_t { waits, drafted, kept };
  void begin();
  bool adopt(std::span<const TimedEvent> proposal, std::int32_t from);
  Worked work_frame(std::vector<Drafted>& out);
  void foresee(std::int32_t from);
  void foretell(std::vector<Drafted>& out);
  std::int32_t end_of_answer() const;
  void forget_drafts();

  Partner partner_;
  Facts facts_;
  std::optional<Told> asked_;
  std::vector<TimedEvent> proposing_;                // For the next question.
  std::optional<std::vector<TimedEvent>> proposal_;  // For the one that is asked.
  std::vector<DrawnChoice> checking_, draft_;        // The same of drafts to be checked.
  std::vector<DrawnChoice> noted_;                   // Of the frame that is drafted.
  ForetoldHarmony foretold_;                         // By somebody else.
  int imagined_ = 0;                    // How often what is to be foretold has been imagined, and
  std::vector<PitchClassTimes> times_;  // what sounded then.
  bool begun_ = false;                  // The model knows what was asked,
  bool answered_ = false;               // and all of the answer.
  std::int32_t drafted_ = 0;            // It has drafted up to here,
  std::vector<TimedEvent> drawn_;       // and these of the frame after that.
  std::int32_t reach_;
  int futures_, affordable_;
  std::optional<std::chrono::nanoseconds> patience_;
};

}  // namespace antiphon::generate
