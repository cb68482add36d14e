// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "generate/event_model.h"
#include "generate/sampler.h"
#include "tokens/stream.h"

namespace antiphon::generate {

/// Something a human part did: a note began or ended. `at` is a grid step.
struct HumanEvent {
  std::int32_t at = 0;
  tokens::Event event;  ///< An onset or a release; its shift is not used.
};

/// The human events of a piece in the order in which they are heard.
std::vector<HumanEvent> human_events(const tokens::GridScore& score,
                                     std::span<const tokens::Role> roles);

/// Plays the AI parts of a piece beside human parts, knowing only what has been heard.
///
/// The model proposes the next event of any part. A proposal for an AI part is played if no human
/// event came before its time. One for a human part is imagined: it is thrown away, and asked again
/// for what comes later, until the real event arrives. So an AI note at time t is drawn from the
/// model's distribution given the human events strictly before t, and given that none happened in
/// between (competing risks; the thinning of Lewis and Shedler 1979).
///
/// What can't be is never drawn: a note before its time, an event of a part that isn't there, a
/// pitch outside the instrument's range or already sounding in its part, an onset out of order.
///
/// Threads: one. Owns its stream and random numbers; borrows the model, which nobody else may use.
class Partner {
 public:
  Partner(EventModel& model, tokens::Header header, std::int32_t from, const Sampling& sampling);

  /// What happened before `from`, in order; replaces listening through it. Call it first or not at
  /// all.
  void remember(std::span<const tokens::Event> events);

  /// Plays every AI note with an onset up to `until`, that step included; what the human parts did
  /// before `until` must have been heard. Appends to `played()`.
  void play(std::int32_t until);

  /// A human event at or after the step that was played to last.
  void hear(const HumanEvent& human);

  /// No AI note may sound beyond this step.
  void set_last_end(std::int32_t step) { last_end_ = step; }

  /// One list of notes per slot, as played so far (human slots stay empty).
  const std::vector<std::vector<tokens::GridNote>>& played() const { return played_; }

  /// Wall time that each AI note took, from the end of the event before.
  const std::vector<std::chrono::nanoseconds>& note_times() const { return note_times_; }
  /// Proposals that were thrown away because they were a human part's.
  std::size_t imagined() const { return imagined_; }

 private:
  struct Step {
    tokens::Rows rows;
    std::int32_t time;
  };

  /// A draw of the next event with a time of `earliest_` or later. A human event comes without a
  /// pitch; a wait says that nothing comes at its time.
  tokens::Event propose();
  bool voice_allowed(int voice, std::int32_t at) const;
  bool pitch_allowed(int slot, int pitch, bool tie, std::int32_t at) const;
  void accept(const tokens::Event& event);
  void record(const tokens::Event& event);
  void prompt_again();

  EventModel& model_;
  tokens::EventStream stream_;
  Sampler sampler_;
  std::int32_t earliest_;  // No AI event may come before this step.
  std::int32_t last_end_ = INT32_MAX;
  std::optional<tokens::Event> last_ai_;  // Of the onset at stream_.now(), while it may grow.
  std::array<std::uint8_t, tokens::max_slots * 128>
      segments_{};  // Last duration by slot and pitch.
  std::vector<Step> steps_;
  std::vector<std::vector<tokens::GridNote>> played_;
  std::vector<std::chrono::nanoseconds> note_times_;
  std::size_t imagined_ = 0;
};

}  // namespace antiphon::generate
