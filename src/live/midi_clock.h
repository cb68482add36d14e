// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "live/clock.h"
#include "live/midi_ports.h"
#include "live/output.h"
#include "live/timeline.h"

namespace antiphon::live {

/// Understands MIDI's clock: start, stop, continue, and 24 ticks a quarter.
///
/// Ticks come late, some more than others: their time and period are those of a g-h filter whose
/// memory grows to about half a quarter (a Kalman filter's steady state). A tick that is lost is
/// counted all the same; where ticks stop coming, nothing is said.
class MidiClock {
 public:
  /// What a message says that came at `at`; most say nothing.
  std::optional<ClockNews> take(std::uint8_t status, std::chrono::nanoseconds at);

 private:
  ClockNews tick(double time);

  bool running_ = false;
  bool starts_ = false;           // With the next tick.
  std::int64_t ticks_ = 0;        // Of the song, up to the last tick.
  int missing_ = 0;               // Ticks before the last that haven't come.
  double came_ = 0;               // When the last tick did, in seconds.
  int memory_ = 0;                // Ticks in the filter's memory; 0: not even the time is known.
  double time_ = 0, period_ = 0;  // Of ticks, in seconds.
};

/// Says in MIDI's clock when the music of a timeline starts, where it is, and when it stands still.
///
/// It starts with tick 0. Ticks before that, of a count-in, tell the tempo.
class ClockSender {
 public:
  /// `timeline` is borrowed. The first tick is at `first`, at 0 or before.
  ClockSender(const Timeline& timeline, music::Ticks first) : timeline_(timeline), next_(first) {}
  /// Appends what comes before `until`, up to where the times of ticks are certain.
  void go_on(music::Ticks until, std::vector<TimedMessage>& out);
  /// The music stands still from `now` on, until it goes on.
  void stop(std::chrono::nanoseconds now, std::vector<TimedMessage>& out);

 private:
  const Timeline& timeline_;
  music::Ticks next_;
  std::chrono::nanoseconds last_{};  // When the last tick is.
  bool running_ = false, started_ = false;
};

/// The clock that comes in through a port.
class PortClock : public Clock {
 public:
  /// `input` is borrowed, and hears timing.
  explicit PortClock(MidiInput& input) : input_(input) {}
  bool poll(ClockNews& news) override;

 private:
  MidiInput& input_;
  MidiClock clock_;
};

}  // namespace antiphon::live
