// SPDX-License-Identifier: Apache-2.0
#include "live/midi_ports.h"

#include <RtMidi.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace antiphon::live {
namespace {

namespace fs = std::filesystem;

// A system takes messages from us at its own pace.
constexpr auto last_messages = std::chrono::milliseconds(50);
constexpr std::size_t room = 4096;
constexpr std::uint8_t control_change = 0xb0, all_notes_off = 123;

RtMidi::Api api_of(MidiSystem system) {
  return system == MidiSystem::jack ? RtMidi::UNIX_JACK : RtMidi::LINUX_ALSA;
}

// RtMidi prints what it isn't given a function for.
void remember(RtMidiError::Type, const std::string& text, void* to) {
  static_cast<std::string*>(to)->assign(text);
}

// A port object of RtMidi's with errors kept rather than printed.
template <class RtPort>
struct Device {
  Device(MidiSystem system, const std::string& client)
      : name(client), port(api_of(system), client) {
    port.setErrorCallback(remember, &error);
  }
  std::string name;
  std::string error;
  RtPort port;
};

template <class RtPort>
std::vector<std::string> names_of(RtPort& port) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < port.getPortCount(); ++i) names.push_back(port.getPortName(i));
  return names;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

Error unreachable(MidiSystem system, const std::string& why) {
  const std::string name = system == MidiSystem::jack ? "JACK" : "ALSA's sequencer";
  return Error{Errc::unavailable, name + " can't be reached" + (why.empty() ? "" : ": " + why)};
}

// Connects to the port that is asked for, or makes one. Gives its name.
template <class RtPort>
Result<std::string> connect(Device<RtPort>& device, std::string_view wanted, const char* own) {
  if (wanted == virtual_port) {
    device.port.openVirtualPort(own);
    if (!device.error.empty()) return Error{Errc::unavailable, device.error};
    return device.name + ":" + own;
  }
  const auto names = names_of(device.port);
  ANTIPHON_TRY(const std::size_t index, find_port(names, wanted));
  device.port.openPort(static_cast<unsigned>(index), own);
  if (!device.error.empty()) return Error{Errc::unavailable, names[index] + ": " + device.error};
  return names[index];
}

}  // namespace

bool jack_runs() {
  // Asking JACK itself prints half a page where there is none.
  std::error_code error;
  const std::string own = "_" + std::to_string(getuid()) + "_0";
  for (const auto& entry : fs::directory_iterator("/dev/shm", error)) {
    const std::string name = entry.path().filename();
    if (entry.is_socket(error) && name.starts_with("jack_") && name.ends_with(own)) return true;
  }
  return false;
}

Result<MidiSystem> find_midi_system() {
  if (::access("/dev/snd/seq", R_OK | W_OK) == 0) return MidiSystem::alsa;
  if (jack_runs()) return MidiSystem::jack;
  return Error{Errc::unavailable,
               "this machine has no MIDI: neither ALSA's sequencer (/dev/snd/seq) nor a running "
               "JACK server; a file can be the player: --performer FILE"};
}

Result<MidiPortNames> midi_port_names(MidiSystem system) try {
  Device<RtMidiIn> in(system, "Antiphon looks");
  Device<RtMidiOut> out(system, "Antiphon looks");
  MidiPortNames names{names_of(in.port), names_of(out.port)};
  if (!in.error.empty()) return unreachable(system, in.error);
  return names;
} catch (const RtMidiError& error) {
  return unreachable(system, error.getMessage());
}

Result<std::size_t> find_port(const std::vector<std::string>& names, std::string_view wanted) {
  const auto exact = std::find(names.begin(), names.end(), wanted);
  if (exact != names.end()) return static_cast<std::size_t>(exact - names.begin());
  const std::string part = lower(wanted);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (lower(names[i]).find(part) != std::string::npos) return i;
  }
  std::string there;
  for (const std::string& name : names) there += (there.empty() ? "" : ", ") + ("'" + name + "'");
  return Error{Errc::not_found, "no MIDI port has '" + std::string(wanted) + "' in its name; " +
                                    (there.empty() ? "there are none" : "there are " + there)};
}

class MidiInput::Port : public Device<RtMidiIn> {
  using Device::Device;
};

MidiInput::MidiInput(MidiSystem system, const Wakeup& wakeup, const std::string& client)
    : wakeup_(wakeup), queue_(room), port_(std::make_unique<Port>(system, client)) {
  port_->port.setCallback([](double, std::vector<unsigned char>* bytes,
                             void* self) { static_cast<MidiInput*>(self)->receive(*bytes); },
                          this);
}

Result<std::unique_ptr<MidiInput>> MidiInput::open(MidiSystem system, std::string_view port,
                                                   const Wakeup& wakeup, const std::string& client,
                                                   bool timing) try {
  std::unique_ptr<MidiInput> input(new MidiInput(system, wakeup, client));
  input->port_->port.ignoreTypes(true, !timing, true);
  ANTIPHON_TRY(input->name_, connect(*input->port_, port, "in"));
  if (port != virtual_port) input->watcher_ = std::thread([raw = input.get()] { raw->watch(); });
  return input;
} catch (const RtMidiError& error) {
  return unreachable(system, error.getMessage());
}

MidiInput::~MidiInput() {
  stopping_.store(true, std::memory_order_release);
  if (watcher_.joinable()) watcher_.join();
}

void MidiInput::receive(const std::vector<std::uint8_t>& bytes) noexcept {
  if (bytes.empty() || bytes.size() > 3) return;
  PortMessage message{host_now(), {}};
  std::copy(bytes.begin(), bytes.end(), message.bytes.begin());
  // Full, where nobody has popped for thousands of messages: nobody is there to miss one.
  queue_.push(message);
  wakeup_.notify();
}

void MidiInput::watch() {
  constexpr auto nap = std::chrono::milliseconds(50);
  constexpr int naps = 10;
  while (true) {
    for (int i = 0; i < naps; ++i) {
      if (stopping_.load(std::memory_order_acquire)) return;
      std::this_thread::sleep_for(nap);
    }
    try {
      const auto names = names_of(port_->port);
      const auto found = std::find(names.begin(), names.end(), name_);
      if (connected() && found == names.end()) {
        port_->port.closePort();  // From here on nobody else pushes.
        for (std::uint8_t channel = 0; channel < 16; ++channel) {
          receive({static_cast<std::uint8_t>(control_change | channel), all_notes_off, 0});
        }
        connected_.store(false, std::memory_order_release);
      } else if (!connected() && found != names.end()) {
        port_->error.clear();
        port_->port.openPort(static_cast<unsigned>(found - names.begin()), "in");
        connected_.store(port_->error.empty(), std::memory_order_release);
      }
    } catch (const RtMidiError&) {
      // The system went away as well; perhaps it comes back.
    }
  }
}

class MidiOutput::Port : public Device<RtMidiOut> {
  using Device::Device;
};

MidiOutput::MidiOutput() = default;
MidiOutput::~MidiOutput() {
  // Or the ends of the last notes are lost with the port.
  if (port_) std::this_thread::sleep_for(last_messages);
}

Result<std::unique_ptr<MidiOutput>> MidiOutput::open(MidiSystem system, std::string_view port,
                                                     const std::string& client) try {
  std::unique_ptr<MidiOutput> output(new MidiOutput());
  output->port_ = std::make_unique<Port>(system, client);
  ANTIPHON_TRY(output->name_, connect(*output->port_, port, "out"));
  return output;
} catch (const RtMidiError& error) {
  return unreachable(system, error.getMessage());
}

void MidiOutput::send(const TimedMessage& message) noexcept {
  constexpr std::uint8_t program_change = 0xc0;
  const bool short_one = (message.bytes[0] & 0xf0) == program_change;
  const std::size_t size = message.of_clock() ? 1 : short_one ? 2 : 3;
  try {
    port_->port.sendMessage(message.bytes.data(), size);
  } catch (const RtMidiError&) {
    // A port that is gone hears nothing.
  }
}

}  // namespace antiphon::live
