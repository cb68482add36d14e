// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "live/output.h"

namespace antiphon::sound {

struct LiveSynthOptions {
  /// alsa, jack, pipewire or pulseaudio; empty takes the system's usual one.
  std::string driver;
  std::filesystem::path soundfont;  ///< Empty: `find_soundfont`.
};

/// Plays MIDI messages on the loudspeakers as they come, through FluidSynth.
///
/// Threads: `send` from one. FluidSynth mixes on a thread of its own and takes a lock for a moment
/// in `send`; nothing else waits for it.
class LiveSynth : public live::MessageSink {
 public:
  /// Errors: no soundfont, no such driver, no device; says which.
  static Result<std::unique_ptr<LiveSynth>> open(const LiveSynthOptions& options);
  ~LiveSynth() override;

  void send(const live::TimedMessage& message) noexcept override;

 private:
  struct Fluid;
  explicit LiveSynth(std::unique_ptr<Fluid> fluid);
  std::unique_ptr<Fluid> fluid_;
};

}  // namespace antiphon::sound
