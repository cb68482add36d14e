// SPDX-License-Identifier: Apache-2.0
#include "sound/live_synth.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "live/midi_ports.h"
#include "sound/fluid.h"
#include "sound/soundfont.h"

namespace antiphon::sound {
namespace {

struct DeleteDriver {
  void operator()(fluid_audio_driver_t* driver) const { delete_fluid_audio_driver(driver); }
};

bool can_write(const std::filesystem::path& path) { return ::access(path.c_str(), W_OK) == 0; }

// What plays on this machine, asked without waking libraries that print what they miss; empty if
// nothing does.
std::string usual_driver() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::filesystem::path sockets = runtime == nullptr ? "" : runtime;
  if (live::jack_runs()) return "jack";
  if (!sockets.empty() && can_write(sockets / "pipewire-0")) return "pipewire";
  if (!sockets.empty() && can_write(sockets / "pulse/native")) return "pulseaudio";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/snd", error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("pcm") && name.ends_with("p") && can_write(entry.path())) return "alsa";
  }
  return "";
}

}  // namespace

struct LiveSynth::Fluid {
  FluidSettings settings;
  FluidSynth synth;
  std::unique_ptr<fluid_audio_driver_t, DeleteDriver> driver;  // Gone before what it plays.
};

LiveSynth::LiveSynth(std::unique_ptr<Fluid> fluid) : fluid_(std::move(fluid)) {}
LiveSynth::~LiveSynth() = default;

Result<std::unique_ptr<LiveSynth>> LiveSynth::open(const LiveSynthOptions& options) {
  std::filesystem::path soundfont = options.soundfont;
  if (soundfont.empty()) {
    ANTIPHON_TRY(soundfont, find_soundfont());
  }
  ANTIPHON_CHECK(check_soundfont(soundfont));
  auto fluid = std::make_unique<Fluid>();
  fluid->settings = make_settings();
  fluid_settings_t* settings = fluid->settings.get();
  fluid_settings_setnum(settings, "synth.gain", 0.6);
  // Two buffers of 5 ms: as late as still feels at once.
  fluid_settings_setint(settings, "audio.period-size", 256);
  fluid_settings_setint(settings, "audio.periods", 2);
  fluid_settings_setint(settings, "audio.jack.autoconnect", 1);
  fluid_settings_setstr(settings, "audio.jack.id", "Antiphon");
  const std::string driver = options.driver.empty() ? usual_driver() : options.driver;
  if (driver.empty()) return Error{Errc::unavailable, "this machine has nothing to sound on"};
  if (fluid_settings_setstr(settings, "audio.driver", driver.c_str()) == FLUID_FAILED) {
    return Error{Errc::invalid_input, "there is no sound driver '" + driver +
                                          "'; alsa, jack, pipewire and pulseaudio are usual"};
  }
  ANTIPHON_TRY(fluid->synth, make_synth(settings, soundfont));
  fluid->driver.reset(new_fluid_audio_driver(settings, fluid->synth.get()));
  if (!fluid->driver)
    return Error{Errc::unavailable, "no sound: " + driver + " finds no device that it can open"};
  return std::unique_ptr<LiveSynth>(new LiveSynth(std::move(fluid)));
}

void LiveSynth::send(const live::TimedMessage& message) noexcept {
  fluid_synth_t* synth = fluid_->synth.get();
  const int channel = message.bytes[0] & 0x0f;
  switch (message.bytes[0] & 0xf0) {
    case 0x90:
      fluid_synth_noteon(synth, channel, message.bytes[1], message.bytes[2]);
      break;
    case 0x80:
      fluid_synth_noteoff(synth, channel, message.bytes[1]);
      break;
    case 0xc0:
      fluid_synth_program_change(synth, channel, message.bytes[1]);
      break;
    default:
      break;
  }
}

}  // namespace antiphon::sound
