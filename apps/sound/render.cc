// SPDX-License-Identifier: Apache-2.0
#include "sound/render.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/file.h"
#include "sound/fluid.h"
#include "sound/soundfont.h"
#include "sound/wav.h"

namespace antiphon::sound {
namespace {

using music::Note;
using music::Part;
using music::Score;
using music::Ticks;

constexpr std::size_t max_channels = 240;  // FluidSynth has 256.
constexpr double max_seconds = 3600;
constexpr double max_tail_seconds = 5;
constexpr float silence = 3e-4f;            // -70 dB.
constexpr double peak_level = 0.891250938;  // -1 dB.
constexpr std::size_t tail_block_frames = 4800;

struct Event {
  Ticks at;
  bool on;
  int channel;
  int pitch;
  int velocity;
};

/// Times of rising ticks under the tempo map, each found from the last.
class Clock {
 public:
  explicit Clock(const Score& score) : changes_(score.tempos) {}

  double seconds(Ticks at) {
    for (; next_ < changes_.size() && changes_[next_].at < at; ++next_) {
      elapsed_ += tempo_.duration(changes_[next_].at - from_);
      from_ = changes_[next_].at;
      tempo_ = changes_[next_].value;
    }
    return std::chrono::duration<double>(elapsed_ + tempo_.duration(at - from_)).count();
  }

 private:
  const std::vector<music::Change<music::Tempo>>& changes_;
  std::size_t next_ = 0;
  Ticks from_;
  music::Tempo tempo_;
  std::chrono::nanoseconds elapsed_{0};
};

std::vector<Event> events_of(const Score& score) {
  std::vector<Event> events;
  for (std::size_t p = 0; p < score.parts.size(); ++p) {
    const int channel = static_cast<int>(p % max_channels);
    for (const Note& note : score.parts[p].notes) {
      events.push_back({note.onset, true, channel, note.pitch, note.velocity});
      events.push_back({note.end(), false, channel, note.pitch, 0});
    }
  }
  // What ends comes before what starts, so that a note struck again sounds again.
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::pair(a.at, a.on) < std::pair(b.at, b.on);
  });
  return events;
}

/// FluidSynth with a soundfont and a channel a part.
class Orchestra {
 public:
  static Result<Orchestra> of(const Score& score, const std::filesystem::path& soundfont,
                              int rate_hz) {
    Orchestra orchestra;
    orchestra.settings_ = make_settings();
    fluid_settings_t* settings = orchestra.settings_.get();
    const auto parts = std::clamp<std::size_t>(score.parts.size(), 1, max_channels);
    fluid_settings_setnum(settings, "synth.sample-rate", rate_hz);
    fluid_settings_setint(settings, "synth.midi-channels",
                          static_cast<int>((parts + 15) / 16 * 16));
    fluid_settings_setint(settings, "synth.polyphony", 512);
    fluid_settings_setnum(settings, "synth.gain", 0.3);
    ANTIPHON_TRY(orchestra.synth_, make_synth(settings, soundfont));
    for (std::size_t p = 0; p < parts && p < score.parts.size(); ++p) {
      orchestra.seat(score.parts[p], static_cast<int>(p), p, score.parts.size());
    }
    return orchestra;
  }

  void play(const Event& event) {
    if (event.on) {
      fluid_synth_noteon(synth_.get(), event.channel, event.pitch, event.velocity);
    } else {
      fluid_synth_noteoff(synth_.get(), event.channel, event.pitch);
    }
  }

  /// Appends `frames` of sound, [frames, 2].
  void record(std::size_t frames, std::vector<float>& out) {
    const std::size_t start = out.size();
    out.resize(start + 2 * frames);
    fluid_synth_write_float(synth_.get(), static_cast<int>(frames), out.data() + start, 0, 2,
                            out.data() + start, 1, 2);
  }

 private:
  // A small stage: the first part in the middle, the others to its sides in turn.
  void seat(const Part& part, int channel, std::size_t index, std::size_t count) {
    fluid_synth_t* synth = synth_.get();
    fluid_synth_set_channel_type(synth, channel,
                                 part.drums ? CHANNEL_TYPE_DRUM : CHANNEL_TYPE_MELODIC);
    fluid_synth_bank_select(synth, channel, part.drums ? 128 : 0);
    fluid_synth_program_change(synth, channel, part.program & 127);
    const double side = index % 2 == 1 ? -1 : 1;
    const double reach = static_cast<double>((index + 1) / 2) / static_cast<double>(count);
    const double pan = part.drums ? 0 : side * std::min(1.0, 2 * reach) * 28;
    constexpr int volume = 7, panning = 10, reverb = 91, chorus = 93;
    fluid_synth_cc(synth, channel, volume, 100);
    fluid_synth_cc(synth, channel, panning, 64 + static_cast<int>(pan));
    fluid_synth_cc(synth, channel, reverb, 40);
    fluid_synth_cc(synth, channel, chorus, 0);
  }

  // The synthesizer is deleted before its settings.
  FluidSettings settings_;
  FluidSynth synth_;
};

void record_tail(Orchestra& orchestra, int rate_hz, std::vector<float>& sound) {
  const double blocks = max_tail_seconds * rate_hz / static_cast<double>(tail_block_frames);
  for (int i = 0; i < static_cast<int>(blocks); ++i) {
    const std::size_t start = sound.size();
    orchestra.record(tail_block_frames, sound);
    const bool quiet = std::all_of(sound.begin() + static_cast<std::ptrdiff_t>(start), sound.end(),
                                   [](float x) { return std::abs(x) < silence; });
    if (quiet) break;
  }
}

std::vector<std::int16_t> normalised(const std::vector<float>& sound) {
  float peak = 0;
  for (const float x : sound) peak = std::max(peak, std::abs(x));
  const double gain = peak > 0 ? peak_level * 32767 / static_cast<double>(peak) : 0;
  std::vector<std::int16_t> samples(sound.size());
  std::transform(sound.begin(), sound.end(), samples.begin(), [gain](float x) {
    return static_cast<std::int16_t>(std::lround(static_cast<double>(x) * gain));
  });
  return samples;
}

}  // namespace

Result<Recording> render(const Score& score, const RenderOptions& options) {
  if (options.rate_hz < 8000 || options.rate_hz > 96000) {
    return Error{Errc::invalid_input, "the sample rate must be 8000 to 96000 a second, got " +
                                          std::to_string(options.rate_hz)};
  }
  const std::vector<Event> events = events_of(score);
  if (events.empty()) return Error{Errc::invalid_input, "no notes to play"};
  if (Clock clock(score); clock.seconds(events.back().at) > max_seconds) {
    return Error{Errc::unsupported, "the piece lasts over an hour, which is not rendered"};
  }

  std::filesystem::path soundfont = options.soundfont;
  if (soundfont.empty()) {
    ANTIPHON_TRY(soundfont, find_soundfont());
  }
  ANTIPHON_CHECK(check_soundfont(soundfont));
  ANTIPHON_TRY(Orchestra orchestra, Orchestra::of(score, soundfont, options.rate_hz));

  std::vector<float> sound;
  Clock clock(score);
  for (const Event& event : events) {
    const auto frame = static_cast<std::size_t>(
        std::llround(clock.seconds(event.at) * static_cast<double>(options.rate_hz)));
    if (const std::size_t now = sound.size() / 2; frame > now) orchestra.record(frame - now, sound);
    orchestra.play(event);
  }
  record_tail(orchestra, options.rate_hz, sound);
  return Recording{normalised(sound), options.rate_hz};
}

Status check_name(const std::filesystem::path& path) {
  if (path.extension() == ".wav") return Done{};
  return Error{Errc::unsupported, path.string() + ": a sound file's name ends in .wav"};
}

Result<Recording> render_to_wav(const Score& score, const std::filesystem::path& path,
                                const RenderOptions& options) {
  ANTIPHON_TRY(Recording recording, render(score, options));
  ANTIPHON_CHECK(write_file(path, write_wav(recording.samples, recording.rate_hz)));
  return recording;
}

}  // namespace antiphon::sound
