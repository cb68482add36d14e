// SPDX-License-Identifier: Apache-2.0
#include "antiphon/output_files.h"

#include <set>

#include "antiphon/score_files.h"
#include "base/file.h"
#include "drawing/piano_roll.h"
#include "sound/render.h"
#include "sound/soundfont.h"

namespace antiphon::app {

void add_rendition_flags(CLI::App& flags, OutputFiles& files) {
  flags.add_option("--wav", files.wav, "Also the sound");
  flags.add_option("--picture", files.picture, "Also a piano roll: .png or .svg");
}

CLI::Option* add_output_file_flags(CLI::App& flags, OutputFiles& files) {
  add_rendition_flags(flags, files);
  return flags.add_option("-o,--output", files.out, "The score to write: .mid or .musicxml")
      ->capture_default_str();
}

Status check(const OutputFiles& files) {
  if (!files.out.empty()) ANTIPHON_CHECK(check_score_name(files.out));
  if (!files.wav.empty()) {
    ANTIPHON_CHECK(sound::check_name(files.wav));
    if (const auto soundfont = sound::find_soundfont(); !soundfont) return soundfont.error();
  }
  if (!files.picture.empty()) {
    if (const auto format = drawing::format_of(files.picture); !format) return format.error();
  }
  std::set<std::filesystem::path> paths;
  for (const auto& path : {files.out, files.wav, files.picture, files.report}) {
    if (path.empty()) continue;
    ANTIPHON_CHECK(check_writable(path));
    if (!paths.insert(path.lexically_normal()).second)
      return Error{Errc::invalid_input, path.string() + ": can't be two files at once"};
  }
  return Done{};
}

Status write(const OutputFiles& files, const music::Score& score, const std::string& title) {
  if (!files.out.empty()) ANTIPHON_CHECK(write_score(files.out, score));
  if (!files.wav.empty()) {
    if (const auto sound = sound::render_to_wav(score, files.wav); !sound) return sound.error();
  }
  if (files.picture.empty()) return Done{};
  ANTIPHON_TRY(const drawing::Format format, drawing::format_of(files.picture));
  ANTIPHON_TRY(const Bytes picture, drawing::draw_piano_roll(score, format, {.title = title}));
  return write_file(files.picture, picture);
}

Status write_report(const OutputFiles& files, const nlohmann::ordered_json& facts) {
  if (files.report.empty()) return Done{};
  return write_file(files.report,
                    facts.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace antiphon::app
