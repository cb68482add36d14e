// SPDX-License-Identifier: Apache-2.0
#include "antiphon/song_set.h"

#include <utility>

#include "antiphon/casting.h"
#include "antiphon/score_files.h"

namespace antiphon::app {

namespace fs = std::filesystem;

Result<std::vector<Song>> read_songs(const std::vector<fs::path>& paths) {
  std::vector<Song> songs;
  Omissions omissions;
  const Casting casting;
  for (const fs::path& path : paths) {
    ANTIPHON_TRY(const auto files, score_files_in(path));
    for (const fs::path& file : files) {
      Song song{file, {}, {}, {}};
      ANTIPHON_TRY(song.score, read_score(file, omissions));
      ANTIPHON_TRY(song.human, human_parts(song.score, casting));
      song.roles = music::roles_of(song.score, song.human.front());
      songs.push_back(std::move(song));
    }
  }
  return songs;
}

Result<std::vector<Song>> read_accompanied_songs(const std::vector<fs::path>& paths) {
  ANTIPHON_TRY(auto songs, read_songs(paths));
  for (const Song& song : songs) {
    if (!song.roles.accompaniment.empty()) continue;
    return Error{Errc::invalid_input, song.file.string() + ": there is no part beside the melody"};
  }
  return songs;
}

}  // namespace antiphon::app
