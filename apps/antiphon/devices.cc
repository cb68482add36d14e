// SPDX-License-Identifier: Apache-2.0
#include "antiphon/devices.h"

#include <iostream>
#include <utility>

namespace antiphon::app {
namespace {

Result<live::MidiSystem> system_of(const DeviceOptions& options) {
  if (options.midi_system == "alsa") return live::MidiSystem::alsa;
  if (options.midi_system == "jack") return live::MidiSystem::jack;
  return live::find_midi_system();
}

}  // namespace

void add_device_flags(CLI::App& flags, DeviceOptions& options) {
  flags.add_option(
      "--midi-in", options.midi_in,
      "The player: a MIDI port, by a part of its name, or 'virtual' for a new one that "
      "others connect to");
  flags.add_option("--midi-out", options.midi_out,
                   "Where Antiphon plays: a MIDI port or 'virtual'");
  flags.add_option("--clock-out", options.clock_out,
                   "Where MIDI's clock is sent: a MIDI port or 'virtual'");
  flags.add_option("--midi-system", options.midi_system, "Default: ALSA where it is, else JACK")
      ->check(CLI::IsMember({"alsa", "jack"}));
  flags.add_option(
      "--sound", options.sound,
      "Also to the loudspeakers: auto, none, or a driver such as alsa, jack, pipewire, "
      "pulseaudio (default: auto with --midi-in, else none)");
  flags.add_option("--soundfont", options.soundfont, "What that sounds like: an .sf2 or .sf3 file");
  flags.add_flag("--through,!--no-through", options.through,
                 "The player's notes are sent to the sound, too (the default)");
}

Result<Devices> open_devices(const DeviceOptions& options, const live::Wakeup& wakeup) {
  Devices devices;
  std::string heard;
  if (options.needs_midi()) {
    ANTIPHON_TRY(const live::MidiSystem system, system_of(options));
    if (options.someone_plays()) {
      ANTIPHON_TRY(devices.input, live::MidiInput::open(system, options.midi_in, wakeup));
    }
    if (!options.clock.empty()) {
      ANTIPHON_TRY(devices.clock, live::MidiInput::open(system, options.clock, wakeup,
                                                        "Antiphon keeps time", true));
    }
    if (!options.midi_out.empty()) {
      ANTIPHON_TRY(auto output, live::MidiOutput::open(system, options.midi_out));
      heard = "'" + output->name() + "'";
      devices.loudspeakers.add(std::move(output));
    }
    if (!options.clock_out.empty()) {
      ANTIPHON_TRY(auto output,
                   live::MidiOutput::open(system, options.clock_out, "Antiphon gives the time"));
      devices.loudspeakers.add_clock(std::move(output));
    }
  }
  const bool automatic =
      options.sound == "auto" || (options.sound.empty() && options.someone_plays());
  if (automatic || (!options.sound.empty() && options.sound != "none")) {
    auto synth = sound::LiveSynth::open({automatic ? "" : options.sound, options.soundfont});
    if (!synth && !automatic) return synth.error();
    if (synth) {
      heard += (heard.empty() ? "" : " and ") + std::string("the loudspeakers");
      devices.loudspeakers.add(std::move(*synth));
    } else {
      std::cerr << "antiphon: " << synth.error().message << "; goes on without\n";
    }
  }
  devices.said = "Plays on " + (heard.empty() ? "nothing that is heard" : heard);
  if (devices.clock)
    devices.said = "Waits for '" + devices.clock->name() + "' to start. " + devices.said;
  if (devices.input) devices.said = "Hears '" + devices.input->name() + "'. " + devices.said;
  return devices;
}

Status list_ports(const DeviceOptions& options) {
  ANTIPHON_TRY(const live::MidiSystem system, system_of(options));
  ANTIPHON_TRY(const live::MidiPortNames names, live::midi_port_names(system));
  for (const std::string& name : names.inputs) std::cout << "in   " << name << '\n';
  for (const std::string& name : names.outputs) std::cout << "out  " << name << '\n';
  if (names.inputs.empty() && names.outputs.empty()) {
    std::cout << "no ports yet; --midi-in virtual makes one\n";
  }
  return Done{};
}

}  // namespace antiphon::app
