// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "edge/messages.h"
#include "edge/scheduler.h"
#include "edge/turns.h"
#include "generate/loudness.h"
#include "live/beat_tracker.h"
#include "live/clock.h"
#include "live/output.h"
#include "live/quantizer.h"
#include "live/tap_tempo.h"
#include "live/timeline.h"
#include "tokens/stream.h"

namespace antiphon::edge {

/// What a player did: a key went down (velocity 1 to 127) or up (0).
struct Played {
  std::chrono::nanoseconds at{};
  std::uint8_t slot = 0;
  std::uint8_t pitch = 0;
  std::uint8_t velocity = 0;
};

/// A frame as it was played.
struct FrameRecord {
  Tier tier = Tier::rule;
  bool sounding = false;    ///< Some AI note sounds or starts in it.
  std::int32_t age = 0;     ///< Its index, from 0, within the answer that it came from.
  std::uint32_t heard = 0;  ///< Human onsets that its answer knows of.
  std::chrono::nanoseconds asked{}, fixed{};  ///< When its answer was asked for, and taken.
};

/// A note as it was sent to the output.
struct NoteRecord {
  std::uint8_t slot = 0, pitch = 0, velocity = 0;
  std::int32_t onset = 0, end = 0;  ///< Grid steps.
  std::int32_t frame = 0;           ///< Index of its FrameRecord.
  std::uint32_t heard = 0;          ///< Human onsets that it was drawn knowing.
};

/// Leads a jam: hears the players, tells the improvisers what was played, and plays what its
/// scheduler chooses for each frame, or the bar before once more where that is nothing.
///
/// It keeps the time as well: where the player leads, or taps, or another clock does, what isn't
/// fixed yet is moved on the timeline, so nothing that was sent is ever taken back.
///
/// It is a plain state machine on times that it is given, so that a jam can run in real time or
/// simulated, with the same result for the same times.
///
/// Threads: one. Real time: `advance` allocates only for the record of the jam.
class Conductor {
 public:
  /// `timeline` is borrowed, and changed where the tempo is. No frame begins at `end` or later.
  /// `crew`: whom the scheduler may ask.
  Conductor(live::Timeline& timeline, tokens::Header header, const Pace& pace,
            std::chrono::nanoseconds end, const Crew& crew, std::unique_ptr<Scheduler> scheduler);

  void hear(const Played& played);
  /// A wish for the AI parts. It doesn't leave this device, but a node's notes rest as well.
  void wish(const generate::Control& control);
  void wish(const Wish& wish);
  /// Somebody else keeps the time. Whoever does, the music gets where it should be within a
  /// quarter. When a clock stops, the bar is played out in silence; it goes on with the next bar.
  void keep_time(const live::ClockNews& news);
  /// The music stands still from the next frame on; what sounds is ended then.
  void hold();
  bool held() const { return held_; }
  void take(Model model, const Drafted& drafted, std::chrono::nanoseconds now);

  /// When `advance` is to be called at the latest; after the last frame, never.
  std::chrono::nanoseconds next() const;
  /// Does what is due.
  void advance(std::chrono::nanoseconds now);
  /// The jam ends with the bar, at once where the music stands still or hasn't begun.
  void finish(std::chrono::nanoseconds now);
  /// No frame begins at this step or later.
  void finish_at(std::int32_t step) { last_step_ = std::min(last_step_, step); }
  /// When the jam is over, as far as is known.
  std::chrono::nanoseconds ends() const { return std::min(end_, time_of(last_step_)); }
  /// The step of the frame that is fixed next.
  std::int32_t frame_start() const {
    return static_cast<std::int32_t>(frames_.size()) * steps_per_frame;
  }
  /// Ends the notes that sound, at `now`.
  void end(std::chrono::nanoseconds now);

  /// What there is to tell an improviser and to send, since the last call; the caller empties
  /// them.
  std::vector<Told>& to_tell(Model model) { return scheduler_->asked(model); }
  std::vector<live::TimedMessage>& to_send() { return messages_; }

  const live::Timeline& timeline() const { return timeline_; }
  /// As it was wished for last.
  tokens::Style style() const { return header_.style; }
  std::vector<PlanRecord> plans() const { return scheduler_->plans(); }
  const std::vector<FrameRecord>& frames() const { return frames_; }
  const std::vector<NoteRecord>& notes() const { return notes_; }
  /// Key presses as they came, and releases.
  const std::vector<Played>& heard() const { return heard_; }

 private:
  struct Sounding {
    std::int32_t end = 0;
    std::size_t note = 0;  // Index of its record.
  };
  static constexpr std::size_t silent = SIZE_MAX;

  std::chrono::nanoseconds time_of(std::int32_t step) const;
  std::int32_t step_of(const Played& played);
  void tap(std::chrono::nanoseconds at);
  void follow(const live::Beat& beat);
  std::int32_t follow_tracker();
  void begin_phrase();
  void take_turns(std::chrono::nanoseconds now);
  void fix(std::chrono::nanoseconds now, const Choice& choice);
  void play(const generate::TimedEvent& event, const Draft& draft);
  bool rests(std::int32_t frame) const;
  void end_all(std::int32_t at);
  void end_notes(std::int32_t until, const Draft& draft);
  void stop_note(int slot, int pitch, std::int32_t step, std::chrono::nanoseconds at);
  void tell(const generate::TimedEvent& event);
  Draft bar_before() const;
  int channel_of(int slot) const;

  live::Timeline& timeline_;
  tokens::Header header_;
  Pace pace_;
  std::chrono::nanoseconds end_;
  Crew crew_;
  std::int32_t last_step_ = INT32_MAX;
  bool rest_wished_ = false;
  bool held_ = false;
  live::Quantizer quantizer_;
  live::BeatTracker tracker_;
  live::TapTempo taps_;
  Turns turns_;                 // In free time.
  double clock_starts_at_ = 0;  // In quarters of ours.
  bool clock_stopped_ = false;
  bool silent_for_bar_ = false;  // A clock that stopped has the rest of the bar.
  generate::Loudness loudness_;
  std::vector<live::TimedMessage> messages_;

  std::unique_ptr<Scheduler> scheduler_;
  std::array<Sounding, tokens::max_slots * 128> sounding_;
  std::array<std::int32_t, tokens::max_slots * 128> human_down_;  // Onset of held keys, or -1.
  std::vector<generate::TimedEvent> past_;  // AI events of the last bar or two.
  std::vector<FrameRecord> frames_;
  std::vector<NoteRecord> notes_;
  std::vector<Played> heard_;
};

}  // namespace antiphon::edge
