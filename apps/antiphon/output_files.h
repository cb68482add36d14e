// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "music/score.h"

namespace antiphon::app {

/// What a command that makes a score leaves behind.
struct OutputFiles {
  std::filesystem::path out{}, wav{}, picture{};
};

/// Gives the flag of `out`.
CLI::Option* add_output_file_flags(CLI::App& flags, OutputFiles& files);

/// What can be known to be wrong before the work is done.
Status check(const OutputFiles& files);

/// Writes the score, and the sound and the picture that were asked for. `title` is the picture's.
Status write(const OutputFiles& files, const music::Score& score, const std::string& title);

}  // namespace antiphon::app
