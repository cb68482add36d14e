// SPDX-License-Identifier: Apache-2.0
#include "antiphon/score_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iostream>

#include "base/file.h"
#include "formats/format.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_score_bytes = std::size_t{256} << 20;

std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

bool is_midi(const std::string& ending) { return ending == ".mid" || ending == ".midi"; }
bool is_musicxml(const std::string& ending) { return ending == ".musicxml" || ending == ".xml"; }

/// Whether files with this ending are taken for scores in a folder.
bool is_read(const std::string& ending) {
  static constexpr std::array<std::string_view, 9> endings = {
      ".mid", ".midi", ".kar", ".musicxml", ".xml", ".mxl", ".abc", ".krn", ".kern"};
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace

Omissions::~Omissions() {
  for (const auto& [kind, files] : files_of_) {
    std::cerr << "antiphon: ";
    if (files.size() == 1) {
      std::cerr << files.front().string();
    } else {
      std::cerr << files.size() << " of " << files_ << " files";
    }
    std::cerr << ": note: " << kind << '\n';
  }
}

void Omissions::add(const fs::path& file, const std::vector<std::string>& dropped) {
  ++files_;
  for (const std::string& kind : dropped) files_of_[kind].push_back(file);
}

Result<music::Score> read_score(const fs::path& path) {
  Omissions omissions;
  return read_score(path, omissions);
}

Result<music::Score> read_score(const fs::path& path, Omissions& omissions) {
  ANTIPHON_TRY(const Bytes bytes, read_file(path, max_score_bytes));
  if (bytes.empty()) return Error{Errc::invalid_input, path.string() + ": the file is empty"};
  ANTIPHON_TRY(formats::Reading reading, formats::read(path.string(), bytes));
  omissions.add(path, reading.dropped);
  if (music::end_of(reading.score) <= music::Ticks{0}) {
    return Error{Errc::invalid_input, path.string() + ": there are no notes in it"};
  }
  return std::move(reading.score);
}

Result<std::vector<fs::path>> score_files_in(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    return Error{Errc::not_found, path.string() + ": no such file or folder"};
  if (!fs::is_directory(status)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && is_read(ending_of(entry->path()))) {
      files.push_back(entry->path());
    }
  }
  if (error) return Error{Errc::io, path.string() + ": can't be searched: " + error.message()};
  if (files.empty()) return Error{Errc::not_found, path.string() + ": there are no scores in it"};
  std::sort(files.begin(), files.end());
  return files;
}

Status check_score_name(const fs::path& path) {
  const std::string ending = ending_of(path);
  if (is_midi(ending) || is_musicxml(ending)) return Done{};
  return Error{Errc::unsupported, path.string() +
                                      ": scores are written as .mid or .musicxml, not as " +
                                      (ending.empty() ? "a file without an ending" : ending)};
}

Status check_writable(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return Error{Errc::not_found, path.string() + ": there is no folder " + folder.string()};
  }
  if (fs::is_directory(path, error)) return Error{Errc::io, path.string() + ": is a folder"};
  if (::access(folder.c_str(), W_OK) != 0) {
    return Error{Errc::io, path.string() + ": can't be written: no permission for its folder"};
  }
  return Done{};
}

Status write_score(const fs::path& path, const music::Score& score) {
  ANTIPHON_CHECK(check_score_name(path));
  const Bytes bytes =
      is_midi(ending_of(path)) ? formats::write_midi(score) : formats::write_musicxml(score);
  return write_file(path, bytes);
}

}  // namespace antiphon::app
