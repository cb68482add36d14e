// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "music/score.h"

namespace antiphon::app {

/// What `groove` and `humanize` leave behind.
struct DrumFiles {
  std::filesystem::path out{}, wav{}, picture{};
};

/// Gives the flag of `out`.
CLI::Option* add_drum_file_flags(CLI::App& flags, DrumFiles& files);

/// What can be known to be wrong before the work is done.
Status check(const DrumFiles& files);

/// Writes the score, and the sound and the picture that were asked for. `title` is the picture's.
Status write(const DrumFiles& files, const music::Score& score, const std::string& title);

}  // namespace antiphon::app
