// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "live/output.h"
#include "live/spsc_queue.h"
#include "live/wakeup.h"

/// MIDI ports of other programs and of devices, through RtMidi.
namespace antiphon::live {

enum class MidiSystem { alsa, jack };

/// True if a JACK server of this user is there.
bool jack_runs();

/// ALSA's sequencer where the machine has it, else JACK where a server runs.
/// Errors: neither; says what would help.
Result<MidiSystem> find_midi_system();

struct MidiPortNames {
  std::vector<std::string> inputs;   ///< To play on.
  std::vector<std::string> outputs;  ///< To be heard on.
};
/// Errors: the system can't be reached.
Result<MidiPortNames> midi_port_names(MidiSystem system);

/// A name for a port of our own, which others connect to.
inline constexpr std::string_view virtual_port = "virtual";

/// The port of `names` that is called `wanted`, or else the first that has `wanted` in its name,
/// upper and lower case alike. Errors: none has; the message lists those there are.
Result<std::size_t> find_port(const std::vector<std::string>& names, std::string_view wanted);

/// What came in through a port, and when.
struct PortMessage {
  std::chrono::nanoseconds at{};  ///< Host time.
  std::array<std::uint8_t, 3> bytes{};
};

/// A port that someone plays on. Where its device is pulled out, it says so by an 'all notes off'
/// on every channel, looks for the same name twice a second, and goes on when it is back.
///
/// Threads: one pops; messages arrive on a thread of RtMidi's.
class MidiInput {
 public:
  /// `port` is a name as `find_port` takes it, or `virtual_port`. `wakeup` is borrowed, and
  /// notified of each message. `client` is what other programs see us as. `timing`: MIDI's clock is
  /// heard, too. Errors: no such port.
  static Result<std::unique_ptr<MidiInput>> open(MidiSystem system, std::string_view port,
                                                 const Wakeup& wakeup,
                                                 const std::string& client = "Antiphon hears",
                                                 bool timing = false);
  ~MidiInput();

  bool pop(PortMessage& message) { return queue_.pop(message); }
  /// The port's whole name.
  const std::string& name() const { return name_; }
  bool connected() const { return connected_.load(std::memory_order_acquire); }

 private:
  class Port;
  MidiInput(MidiSystem system, const Wakeup& wakeup, const std::string& client);
  void receive(const std::vector<std::uint8_t>& bytes) noexcept;
  void watch();

  const Wakeup& wakeup_;
  SpscQueue<PortMessage> queue_;
  std::string name_;
  std::atomic<bool> connected_{true};
  std::unique_ptr<Port> port_;
  std::atomic<bool> stopping_{false};
  std::thread watcher_;
};

/// A port that Antiphon is heard on. Messages to a device that was pulled out are lost.
class MidiOutput : public MessageSink {
 public:
  /// As `MidiInput::open`.
  static Result<std::unique_ptr<MidiOutput>> open(MidiSystem system, std::string_view port,
                                                  const std::string& client = "Antiphon plays");
  ~MidiOutput() override;

  const std::string& name() const { return name_; }
  void send(const TimedMessage& message) noexcept override;

 private:
  class Port;
  MidiOutput();

  std::string name_;
  std::unique_ptr<Port> port_;
};

}  // namespace antiphon::live
