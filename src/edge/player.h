// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "edge/conductor.h"
#include "live/midi_ports.h"

namespace antiphon::edge {

/// Who plays the human parts of a jam in real time.
///
/// Threads: the conductor's.
class Player {
 public:
  virtual ~Player() = default;
  /// The jam's time 0, as host time; called once, before it.
  virtual void begin(std::chrono::nanoseconds start) = 0;
  /// What was played up to `now` (of the jam's time) and not asked for yet, in order; false if that
  /// is all.
  virtual bool next(std::chrono::nanoseconds now, Played& played) = 0;
  /// What was wished for together with what was played; false if that is all.
  virtual bool next_wish(Wish& wish) {
    static_cast<void>(wish);
    return false;
  }
  /// When the next thing will be played, as far as it is known ahead.
  virtual std::chrono::nanoseconds due() const { return std::chrono::nanoseconds::max(); }
};

/// Plays what was written down. Borrows the list, which is sorted by time.
class ScriptedPlayer : public Player {
 public:
  explicit ScriptedPlayer(std::span<const Played> script) : script_(script) {}
  void begin(std::chrono::nanoseconds) override {}
  bool next(std::chrono::nanoseconds now, Played& played) override;
  std::chrono::nanoseconds due() const override;

 private:
  std::span<const Played> script_;
  std::size_t at_ = 0;
};

/// Makes key presses of MIDI messages, whatever comes: a key that goes down twice was let go
/// before; the sustain pedal holds what is let go; 'all notes off' and 'all sound off' let go of
/// everything; what isn't MIDI is nothing.
class Keys {
 public:
  /// What a message does, as presses and releases at `at` in slot 0. Borrowed until the next call.
  std::span<const Played> take(std::span<const std::uint8_t> bytes, std::chrono::nanoseconds at);

 private:
  void release(std::uint8_t pitch, std::chrono::nanoseconds at);
  void release_all(bool held_too, std::chrono::nanoseconds at);

  std::array<bool, 128> down_{};  // Sounds,
  std::array<bool, 128> held_{};  // and is still held down by a finger.
  bool pedal_ = false;
  std::vector<Played> played_;
};

/// The control change (0 to 127) by which each kind of control is wished for, and the beat is
/// shown; -1: by none.
using ControlChanges = std::array<int, generate::control_names.size() + 1>;
inline constexpr std::array<const char*, generate::control_names.size() + 1> wish_names = {
    "daring", "density", "register", "rest", "style", "tap"};
/// Modulation wheel, brightness, resonance, a switch, a wheel, and another switch.
inline constexpr ControlChanges usual_control_changes = {1, 74, 71, 80, 82, 81};
/// What a message of the time `at` wishes for; most for nothing.
std::optional<Wish> wish_of(std::span<const std::uint8_t> bytes, std::chrono::nanoseconds at,
                            const ControlChanges& changes);

/// Someone at a MIDI port, in slot 0. What comes more than a sixteenth before the jam begins isn't
/// part of it; later than that is meant for its first beat.
class PortPlayer : public Player {
 public:
  /// `input` is borrowed. `early` is how long before the jam's begin its first beat may come.
  PortPlayer(live::MidiInput& input, std::chrono::nanoseconds early,
             const ControlChanges& changes = usual_control_changes)
      : input_(input), early_(early), changes_(changes) {}
  void begin(std::chrono::nanoseconds start) override { start_ = start; }
  bool next(std::chrono::nanoseconds now, Played& played) override;
  bool next_wish(Wish& wish) override;

 private:
  live::MidiInput& input_;
  std::chrono::nanoseconds early_;
  std::chrono::nanoseconds start_{};
  Keys keys_;
  std::span<const Played> ready_;
  ControlChanges changes_;
  std::vector<Wish> wishes_;  // The oldest first.
};

}  // namespace antiphon::edge
