// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "music/key_finding.h"
#include "music/key_tracking.h"
#include "tokens/event.h"

namespace antiphon::tokens {

/// A part as the model is told of it before the music starts.
struct Slot {
  Role role = Role::ai;
  int instrument = instrument_unknown;  ///< A General MIDI program or one of the two beyond.
  int density = 0;                      ///< Class of onsets a quarter, in [0, 9); 0: unknown.
  int polyphony = 0;                    ///< Class of notes an onset, in [0, 5); 0: unknown.
  /// It is held to them, too (generate/steering.h). A model isn't told.
  bool keeps_density = false, keeps_polyphony = false;
  int difficulty = 0;  ///< It keeps to that level (music/difficulty.h), or to none. The same.

  friend bool operator==(const Slot&, const Slot&) = default;
};

/// What is known of a piece before its first note; everything may be unknown.
struct Header {
  Style style = Style::unknown;
  std::optional<double> bpm;
  std::vector<GridChange<music::Meter>> meters;  ///< Empty: no bar is known.
  std::vector<GridChange<music::Key>> keys;
  bool keeps_key = false;  ///< AI parts are held to the keys, too.
  std::vector<Slot> slots;
};

/// Header of a grid score in which part i has the role `roles[i]`. Density and polyphony are
/// measured for AI parts; a human part's stay unknown, because they would tell of its future.
Header header_of(const GridScore& score, std::span<const Role> roles, Style style);

/// Classes of a part's density and polyphony, by its mean over the piece.
int density_class(const GridPart& part);
int polyphony_class(const GridPart& part);

/// The means that make a class: `low` included, `high` (infinite for the last class) not.
struct ClassRange {
  double low, high;
};
ClassRange density_range(int density_class);      ///< Onsets a quarter; the class in [1, 9).
ClassRange polyphony_range(int polyphony_class);  ///< Notes an onset; the class in [1, 5).

/// What an AI part has played, as means in which the past fades: after 64 quarters a note counts
/// 1/e.
class Played {
 public:
  /// A note of the part begins, of so many steps; in the order of time.
  void add(std::int32_t at, int pitch, int duration);

  bool any() const { return onsets_ > 0; }
  std::int32_t last() const { return last_; }  ///< Step of the last onset.
  double notes() const { return notes_; }
  double onsets() const { return onsets_; }
  /// Onsets and quarters since the first, as they count at step `now`, which isn't before the last.
  double onsets(std::int32_t now) const;
  double quarters(std::int32_t now) const;
  /// How long each pitch class sounded, in quarters, as it counts at the last onset.
  const music::PitchClasses& pitch_classes() const { return pitch_classes_; }
  void forget_pitch_classes() { pitch_classes_ = {}; }

 private:
  double onsets_ = 0, notes_ = 0;
  music::PitchClasses pitch_classes_{};
  std::int32_t first_ = 0, last_ = 0;
};

/// Rows of one step or of one condition.
class Rows {
 public:
  void clear() { size_ = 0; }
  void add(std::uint16_t row) { rows_[size_++] = row; }
  std::span<const std::uint16_t> view() const { return {rows_.data(), size_}; }

 private:
  std::array<std::uint16_t, max_rows> rows_{};
  std::size_t size_ = 0;
};

/// Follows a stream of events and says it in the model's rows: what a step is made of, and what the
/// model is told between the fields of the next event.
///
/// Knows only what has been applied, so what a model sees of a human part can't reach into its
/// future. Training and playing go through here, which keeps them alike. No heap is touched after
/// construction.
class EventStream {
 public:
  /// `from` is the grid step at which the events begin; the meters of the header count from step 0.
  EventStream(Header header, std::int32_t from);

  /// From now on the key is the one that human parts are heard to be in: the header's only where it
  /// says something new, and until they leave it. Not for training, where the header's is true.
  void follow_keys() { follows_keys_ = true; }

  /// What the header says from now on.
  void set_style(Style style) { header_.style = style; }

  const Header& header() const { return header_; }
  std::int32_t now() const { return now_; }

  /// Steps that come before the first event: one for the piece, then one a slot.
  std::size_t header_steps() const { return 1 + header_.slots.size(); }
  void header_rows(std::size_t step, Rows& out) const;

  /// Takes an event as having happened. It must be possible: see `decode`.
  void apply(const Event& event);
  /// The step of the event applied last.
  void input_rows(Rows& out) const;

  /// What the model is told of the next event after the choice of each field. `event` holds what
  /// was chosen so far (for `after_voice` its shift, slot and type, and so on).
  void after_shift(const Event& event, Rows& out) const;
  void after_voice(const Event& event, Rows& out) const;
  void after_pitch(const Event& event, Rows& out) const;
  void after_duration(const Event& event, Rows& out) const;

  /// The key that is written at step `at`; without one, the one that human parts are heard in.
  std::optional<music::Key> key_signature(std::int32_t at) const;

  /// The key that AI parts are to be held to at step `at`, if any: the header's, if it `keeps_key`;
  /// where human parts are followed, a distant one that they came to in the last 64 quarters, which
  /// a model's own past would keep it from.
  std::optional<music::Key> key_to_keep(std::int32_t at) const;

  /// What the AI part in `slot` has played; its pitch classes since human parts came to a distant
  /// key, where they are followed.
  const Played& played(int slot) const { return played_[static_cast<std::size_t>(slot)]; }

  /// End of the AI note of `pitch` in `slot` that was begun or tied last; 0 if there is none.
  std::int32_t ai_end(int slot, int pitch) const { return ai_ends_[index(slot, pitch)]; }
  /// True while a human part holds `pitch`.
  bool human_holds(int slot, int pitch) const { return human_held_[index(slot, pitch)] != 0; }

 private:
  static std::size_t index(int slot, int pitch) {
    return static_cast<std::size_t>(slot * 128 + pitch);
  }
  bool drums(int slot) const {
    return header_.slots[static_cast<std::size_t>(slot)].instrument == instrument_drums;
  }
  int position_class(std::int32_t at) const;
  int meter_class_at(std::int32_t at) const;
  int key_class_at(std::int32_t at) const;
  void hear_key(int pitch);
  void add_sounding(std::int32_t at, const Table& human, const Table& ai, Rows& out) const;

  Header header_;
  std::int32_t now_;
  Event last_{};
  std::array<std::int32_t, max_slots * 128> ai_ends_{};
  std::array<std::uint8_t, max_slots * 128> human_held_{};
  std::array<int, 12> human_classes_{};             ///< Held human notes by pitch class.
  std::array<std::int32_t, 12> ai_class_ends_{};    ///< Latest end of AI notes by pitch class.
  std::array<std::uint8_t, max_slots> previous_{};  ///< Pitch last played by slot; 128: none.
  std::array<Played, max_slots> played_{};
  bool follows_keys_ = false;
  music::KeyTracker tracker_;
  std::int32_t told_ = INT32_MIN;      ///< When the header last told the tracker a key.
  std::optional<std::int32_t> moved_;  ///< When human parts last came to a distant key.
};

/// The targets of the model before `event`: one class a field, -1 where the event has no such
/// field.
std::array<std::int16_t, field_count> targets_of(const Event& event);

}  // namespace antiphon::tokens
