// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "music/quality.h"

namespace antiphon::app {

/// A piece, and who plays what in it.
struct Song {
  std::filesystem::path file;
  music::Score score;
  music::Roles roles;
  std::vector<std::size_t> human;
};

/// All scores of `paths`, files or folders. Errors: one that can't be read.
Result<std::vector<Song>> read_songs(const std::vector<std::filesystem::path>& paths);

/// The same. Errors: also one that has no part beside the melody.
Result<std::vector<Song>> read_accompanied_songs(const std::vector<std::filesystem::path>& paths);

}  // namespace antiphon::app
