// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "music/score.h"

namespace antiphon::app {

/// What files have that scores can't hold. Told on stderr at the end, in one line a kind.
class Omissions {
 public:
  Omissions() = default;
  Omissions(const Omissions&) = delete;
  Omissions& operator=(const Omissions&) = delete;
  ~Omissions();

  void add(const std::filesystem::path& file, const std::vector<std::string>& dropped);

 private:
  std::size_t files_ = 0;
  std::map<std::string, std::vector<std::filesystem::path>> files_of_;  ///< Of each kind.
};

/// Reads a score in any format. Errors: one sentence that starts with the file's name; a score
/// without notes is one.
Result<music::Score> read_score(const std::filesystem::path& path, Omissions& omissions);
/// The same for a single one, whose omissions are told at once.
Result<music::Score> read_score(const std::filesystem::path& path);

/// `path` itself if it is a file; if it is a folder, the scores in it and below, sorted by name.
/// Errors: nothing there, or a folder without scores.
Result<std::vector<std::filesystem::path>> score_files_in(const std::filesystem::path& path);

/// Writes a score in the format that the name's ending says: .mid, .midi or .musicxml, .xml.
Status write_score(const std::filesystem::path& path, const music::Score& score);

/// Whether `write_score` knows the ending, to be asked before the work is done.
Status check_score_name(const std::filesystem::path& path);

/// Whether a file can be made in the folder of `path`, to be asked before the work is done.
Status check_writable(const std::filesystem::path& path);

}  // namespace antiphon::app
