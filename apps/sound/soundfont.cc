// SPDX-License-Identifier: Apache-2.0
#include "sound/soundfont.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <vector>

namespace antiphon::sound {
namespace {

namespace fs = std::filesystem;

// The ones that whole orchestras sound well in, the best first.
constexpr std::array<std::string_view, 5> preferred = {
    "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3",
    "/usr/share/sounds/sf3/MuseScore_General.sf3", "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf3/default-GM.sf3", "/usr/share/sounds/sf2/default-GM.sf2"};

constexpr std::array<std::string_view, 3> folders = {
    "/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts"};

std::vector<fs::path> soundfonts_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path ending = entry.path().extension();
    if (entry.is_regular_file(error) && (ending == ".sf2" || ending == ".sf3")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<fs::path> find_soundfont() {
  std::error_code error;
  for (const std::string_view path : preferred) {
    if (fs::is_regular_file(path, error)) return fs::path(path);
  }
  for (const std::string_view folder : folders) {
    const auto found = soundfonts_in(folder);
    if (!found.empty()) return found.front();
  }
  return Error{Errc::not_found,
               "no soundfont is installed: apt install musescore-general-soundfont-small, or name "
               "one with --soundfont"};
}

Status check_soundfont(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return Error{Errc::not_found, path.string() + ": no such soundfont"};
  }
  std::array<char, 12> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const std::string_view text(head.data(), head.size());
  if (text.substr(0, 4) == "RIFF" && text.substr(8) == "sfbk") return Done{};
  return Error{Errc::invalid_input, path.string() + ": not a soundfont (SF2 or SF3)"};
}

}  // namespace antiphon::sound
