// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "music/score.h"

/// Scores as sound, through FluidSynth.
namespace antiphon::sound {

struct RenderOptions {
  std::filesystem::path soundfont;  ///< Empty: `find_soundfont`.
  int rate_hz = 48000;              ///< 8,000 to 96,000.
};

/// Stereo sound, [frames, 2].
struct Recording {
  std::vector<std::int16_t> samples;
  int rate_hz = 0;
  std::chrono::duration<double> length() const {
    return std::chrono::duration<double>(static_cast<double>(samples.size()) / 2 / rate_hz);
  }
};

/// Plays the whole score as fast as it goes, until the last reverberation has died away. The peak
/// is at -1 dB of full scale. The same score, soundfont and machine give the same samples. Errors:
/// no soundfont, a score without notes, or one that lasts over an hour.
Result<Recording> render(const music::Score& score, const RenderOptions& options = {});

/// That a sound file's name ends in .wav, to be asked before the work is done.
Status check_name(const std::filesystem::path& path);

/// The same, as a WAV file.
Result<Recording> render_to_wav(const music::Score& score, const std::filesystem::path& path,
                                const RenderOptions& options = {});

}  // namespace antiphon::sound
