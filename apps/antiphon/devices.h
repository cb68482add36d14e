// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "live/midi_ports.h"
#include "live/wakeup.h"
#include "sound/live_synth.h"

namespace antiphon::app {

/// The flags that say where a jam is played on and heard.
struct DeviceOptions {
  std::string midi_in, midi_out, midi_system, clock, clock_out;
  bool link = false;
  std::string sound;  ///< A driver, `auto`, `none`, or empty: `auto` where a port is played on.
  std::string soundfont;
  bool through = true;

  /// True if somebody plays on a port.
  bool someone_plays() const { return !midi_in.empty(); }
  /// True if another program keeps the time.
  bool another_clock() const { return link || !clock.empty(); }
  bool needs_midi() const {
    return someone_plays() || !midi_out.empty() || !clock.empty() || !clock_out.empty();
  }
};

void add_device_flags(CLI::App& flags, DeviceOptions& options);

/// What a jam is heard on: any number of sinks, none too. MIDI's clock goes to those that are for
/// it.
class Loudspeakers : public live::MessageSink {
 public:
  void add(std::unique_ptr<live::MessageSink> sink) { sinks_.push_back(std::move(sink)); }
  void add_clock(std::unique_ptr<live::MessageSink> sink) { clocks_.push_back(std::move(sink)); }
  void send(const live::TimedMessage& message) noexcept override {
    for (const auto& sink : message.of_clock() ? clocks_ : sinks_) sink->send(message);
  }

 private:
  std::vector<std::unique_ptr<live::MessageSink>> sinks_, clocks_;
};

/// Devices as they were opened. What was asked for and isn't there is an error; sound that nobody
/// asked for by name and that isn't there is told on standard error.
struct Devices {
  std::unique_ptr<live::MidiInput> input, clock;
  Loudspeakers loudspeakers;
  std::string said;  ///< One line: where one plays, and where it is heard.
};
/// `wakeup` is borrowed, and notified of what is played.
Result<Devices> open_devices(const DeviceOptions& options, const live::Wakeup& wakeup);

/// All ports by name, a line each, on standard output.
Status list_ports(const DeviceOptions& options);

}  // namespace antiphon::app
