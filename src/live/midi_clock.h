// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "live/clock.h"
#include "live/midi_ports.h"

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
  int memory_ = 0;                // Ticks in the filter's memory; 0: not even the time is known.
  double time_ = 0, period_ = 0;  // Of ticks, in seconds.
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
