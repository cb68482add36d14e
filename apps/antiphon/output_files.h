// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "music/score.h"

namespace antiphon::app {

/// What a command that makes a score leaves behind. What has no name is not wanted.
struct OutputFiles {
  std::filesystem::path out{}, wav{}, picture{}, report{};
};

/// The flags of `wav` and `picture`.
void add_rendition_flags(CLI::App& flags, OutputFiles& files);
/// These and that of `out`, which it gives.
CLI::Option* add_output_file_flags(CLI::App& flags, OutputFiles& files);

/// What can be known to be wrong before the work is done.
Status check(const OutputFiles& files);

/// Writes the score, the sound and the picture. `title` is the picture's.
Status write(const OutputFiles& files, const music::Score& score, const std::string& title);

/// Writes the report. Names of parts in it may be in any encoding.
Status write_report(const OutputFiles& files, const nlohmann::ordered_json& facts);

}  // namespace antiphon::app
