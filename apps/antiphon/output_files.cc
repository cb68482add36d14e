// SPDX-License-Identifier: Apache-2.0
#include "antiphon/output_files.h"

#include "antiphon/score_files.h"
#include "base/file.h"
#include "drawing/piano_roll.h"
#include "sound/render.h"

namespace antiphon::app {

CLI::Option* add_output_file_flags(CLI::App& flags, OutputFiles& files) {
  flags.add_option("--wav", files.wav, "Also the sound");
  flags.add_option("--picture", files.picture, "Also a piano roll: .png or .svg");
  return flags.add_option("-o,--output", files.out, "The score to write: .mid or .musicxml")
      ->capture_default_str();
}

Status check(const OutputFiles& files) {
  ANTIPHON_CHECK(check_score_name(files.out));
  for (const auto& path : {files.out, files.wav, files.picture}) {
    if (!path.empty()) ANTIPHON_CHECK(check_writable(path));
  }
  if (!files.picture.empty()) {
    if (const auto format = drawing::format_of(files.picture); !format) return format.error();
  }
  return Done{};
}

Status write(const OutputFiles& files, const music::Score& score, const std::string& title) {
  ANTIPHON_CHECK(write_score(files.out, score));
  if (!files.wav.empty()) {
    if (const auto sound = sound::render_to_wav(score, files.wav); !sound) return sound.error();
  }
  if (files.picture.empty()) return Done{};
  ANTIPHON_TRY(const drawing::Format format, drawing::format_of(files.picture));
  ANTIPHON_TRY(const Bytes picture, drawing::draw_piano_roll(score, format, {.title = title}));
  return write_file(files.picture, picture);
}

}  // namespace antiphon::app
