// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "generate/chooser.h"
#include "generate/event_model.h"
#include "generate/guide.h"
#include "music/instruments.h"
#include "tokens/stream.h"

namespace antiphon::generate {

/// The step at which live playing is scheduled and measured: a sixteenth.
inline constexpr std::int32_t steps_per_frame = 3;

/// An event and its grid step; the event's own shift is not used.
struct TimedEvent {
  std::int32_t at = 0;
  tokens::Event event;

  friend bool operator==(const TimedEvent&, const TimedEvent&) = default;
};

/// How much what was played surprises a model: sums over its choices.
struct Surprisal {
  double nats = 0;      ///< Negative log-likelihood; infinite where it can't be.
  double expected = 0;  ///< Its mean over what the model would have chosen: the entropy.
  double variance = 0;  ///< Its variance over the same, in square nats.
};

/// The onsets and releases of the human parts of a piece, in the order in which they are heard.
std::vector<TimedEvent> human_events(const tokens::GridScore& score,
                                     std::span<const tokens::Role> roles);

/// Plays the AI parts of a piece beside human parts, knowing only what has been heard.
///
/// The model proposes the next event of any part. A proposal for an AI part is played if no human
/// event came before its time. One for a human part is imagined: it is thrown away, and asked again
/// for what comes later, until the real event arrives. So an AI note at time t is drawn from the
/// model's distribution given the human events strictly before t, and given that none happened in
/// between (competing risks; the thinning of Lewis and Shedler 1979).
///
/// The key is the one that the human parts are heard to be in (`EventStream::follow_keys`); AI
/// parts are held to it where the human parts have come there from a distant one.
///
/// What can't be is never drawn: a note before its time, an event of a part that isn't there, a
/// pitch outside the instrument's range or already sounding in its part, an onset out of order, a
/// rest of over two bars of 4/4 in a part that was asked for a density of 3 or more, while a human
/// note sounds, and what is beyond the difficulty that a part keeps to.
///
/// Threads: one. Owns its stream and random numbers; borrows the model, which nobody else may use.
class Partner {
 public:
  Partner(EventModel& model, tokens::Header header, std::int32_t from, const Sampling& sampling);

  /// Draws the AI events (notes and ties) with an onset up to `until`, that step included; what the
  /// human parts did before `until` must have been heard. Borrowed until the next call.
  ///
  /// From step `imagine` on, human events are believed when they are drawn: the way to draft what
  /// comes after notes that haven't been played yet. Such a draft must be taken back by `rewrite`.
  std::span<const TimedEvent> play(std::int32_t until, std::int32_t imagine = INT32_MAX);
  /// The same, to be called again where the model isn't ready, till it is true; appends to `drawn`.
  bool play_on(std::int32_t until, std::int32_t imagine, std::vector<TimedEvent>& drawn);
  /// `EventModel::branch`, with room for what a branch will be told.
  std::span<const std::unique_ptr<EventModel>> branch_model(std::size_t count);
  /// A partner that was told the same, and draws from now on by `number`. Its model stands where
  /// this one's does: it is a branch of that, or the same, which `stand_again` then takes back.
  Partner branch(EventModel& model, std::uint64_t number) const;
  void stand_again(const Partner& branch);
  /// Takes what a branch drew before step `until` for drawn, each note in such a time.
  void take(const Partner& branch, std::span<const TimedEvent> drawn, std::int32_t until,
            std::chrono::nanoseconds each);
  EventModel& model() { return *model_; }
  /// Takes AI events of the frame that is to be played for drawn, whoever drew them.
  void suppose(std::span<const TimedEvent> events);
  /// Draws from now on are those of this seed, coupled (`Sampler::couple`).
  void couple(std::uint64_t seed) { chooser_.couple(seed); }
  /// Events that the model was told, waits too. `rewrite` takes back.
  std::size_t steps_told() const { return forgotten_ + steps_.size(); }

  /// Notes the choices of `play` from now on, for another partner to check; null: no more.
  void note(std::vector<DrawnChoice>* choices) { chooser_.note(choices); }
  /// Checks a draft that a partner with another model noted, told of the same: from where this one
  /// stands, frame by frame until before `until`, with the same `imagine`. `play`, asked frame by
  /// frame too, then keeps as much of it as it may; what it plays is distributed as without a
  /// draft (speculative sampling, choice by choice), and with a temperature of 0 it's the same.
  /// The model passes over what is drafted once.
  void follow(std::span<const DrawnChoice> draft, std::int32_t until,
              std::int32_t imagine = INT32_MAX);
  /// Whether all of the draft was kept so far; false without one.
  bool kept() const { return chooser_.kept(); }

  /// A human event at or after the step that was played to last.
  void hear(const TimedEvent& human);

  /// Puts `events`, in online order, in the place of all events since the last `settle` (of all
  /// there were, without one), and goes on from `earliest`: no AI note will be drawn before it.
  /// Costs a pass through the model from the first event that differs.
  void rewrite(std::span<const TimedEvent> events, std::int32_t earliest);

  /// Draws from now on don't depend on those before: see `Sampler::begin_anew`.
  void begin_anew(std::uint64_t number) { chooser_.begin_anew(number); }
  std::uint64_t random_bits() { return chooser_.random_bits(); }

  /// How much it surprises the model that from where it stands until before step `until` the AI
  /// parts do what `events` says (in online order). Human events in between are thrown away, as in
  /// `play`, and loudness isn't looked at. The model has then been told of `events` for good, or
  /// till `rewrite`; of what can't be, and what comes after it, it isn't told.
  Surprisal weigh(std::span<const TimedEvent> events, std::int32_t until);

  /// How much the pitch of a human onset that comes next surprises the model, in nats, given when
  /// and in which part it begins. What comes before its step must have been played.
  double surprise(const TimedEvent& onset);

  const tokens::Header& header() const { return stream_.header(); }
  /// What the model was told since the last `settle`.
  std::vector<TimedEvent> told() const;
  const tokens::EventStream& stream() const { return stream_; }

  /// Events before `step` will never be rewritten.
  void settle(std::int32_t step);

  /// Of draws from now on.
  void set_chart(Chart chart) { chart_ = std::move(chart); }
  /// Chords that may be wrong: AI parts begin others' notes less often. A chart goes before them.
  void set_foretold(Chart chords) { foretold_ = std::move(chords); }
  /// Of draws from now on; a style from the next `rewrite` on, which tells the model all anew.
  void control(const Control& control);

  /// No AI note may sound beyond this step.
  void set_last_end(std::int32_t step) { last_end_ = step; }

  /// Wall time that each AI note took, from the end of the event before.
  const std::vector<std::chrono::nanoseconds>& note_times() const { return note_times_; }
  /// Proposals that were thrown away because they were a human part's.
  std::size_t imagined() const { return imagined_; }

 private:
  struct Step {
    tokens::Rows rows;
    TimedEvent event;
  };
  // Last duration by slot and pitch: a note of the longest may be tied.
  using Segments = std::array<std::uint8_t, tokens::max_slots * 128>;

  /// A draw of the next event with a time of `earliest_` or later. A human event before `imagine`
  /// comes without a pitch, what comes after `until` with a time only; a wait says that nothing
  /// comes at its time.
  TimedEvent propose(std::int32_t until, std::int32_t imagine);
  void imagine_human(tokens::Event& event);
  void weigh_step(const tokens::Event* event, Surprisal& sum);
  void weigh_fields(tokens::Event event, Surprisal& sum);
  bool human_may(bool release, int slot, int pitch) const;
  bool rested_too_long(int slot, std::int32_t at) const;
  bool someone_must_play(std::int32_t at) const;
  bool voice_allowed(int voice, std::int32_t at) const;
  std::bitset<128> playable(int slot, std::int32_t at) const;
  bool pitch_allowed(int slot, int pitch, bool tie, std::int32_t at) const;
  std::bitset<128> pitches_allowed(int slot, bool tie, std::int32_t at) const;
  music::PitchRange range_of(const tokens::Slot& part) const;
  float note_bias(int slot, std::int32_t at) const;
  music::PitchClasses key_bias_at(std::int32_t at) const;
  void weigh_shifts();
  template <class Allowed, class Bias>
  int choose(int field, Allowed&& allowed, Bias&& bias);
  void begin() { model_->begin(ahead_.size() - caught_up_); }
  void condition(const tokens::Rows& rows);
  void add(std::int32_t at, tokens::Event event);
  void add_waits(std::int32_t until);
  void apply(const TimedEvent& event);
  void feed(std::size_t first);
  void feed_news();
  void return_to_told();
  void record(std::int32_t at, const tokens::Event& event);
  void settle_first(std::size_t count);
  void prompt_again();

  EventModel* model_;
  tokens::EventStream stream_;
  Chooser chooser_;
  std::int32_t earliest_;     // No event may come before this step,
  std::int32_t ai_from_ = 0;  // and no AI event before this one.
  std::int32_t last_end_ = INT32_MAX;
  Chart chart_, foretold_;
  double temperature_;  // As it was given.
  float wish_ = 0, register_ = 0.5f;
  bool rests_ = false;
  std::vector<float> biased_;
  std::array<float, tokens::max_shift + 1> shift_bias_{};
  std::optional<tokens::Event> last_ai_;  // Of the onset at stream_.now(), while it may grow.
  Segments segments_{};
  std::vector<Step> steps_;    // What the model was told, waits included.
  std::size_t forgotten_ = 0;  // Of the steps before these.
  // What was true before steps_[settled_], and the times of those events that were settled for want
  // of room before the owner did so.
  std::size_t settled_ = 0;
  tokens::EventStream settled_stream_;
  Segments settled_segments_{};
  std::vector<std::int32_t> crowded_out_;
  bool reading_ = false;           // A draft is looked through, and the model not asked.
  std::vector<TimedEvent> ahead_;  // Steps that it was told before they happened, and
  std::size_t caught_up_ = 0;      // how many of them have happened since.
  std::vector<TimedEvent> drawn_;
  std::vector<std::chrono::nanoseconds> note_times_;
  std::size_t imagined_ = 0;
};

}  // namespace antiphon::generate
