// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/score_files.h"
#include "base/file.h"
#include "drawing/piano_roll.h"

namespace antiphon::app {
namespace {

struct Options {
  std::filesystem::path in, out;
};

Status show(const Options& options) {
  ANTIPHON_TRY(const drawing::Format format, drawing::format_of(options.out));
  ANTIPHON_CHECK(check_writable(options.out));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  ANTIPHON_TRY(const Bytes picture,
               drawing::draw_piano_roll(score, format, {.title = options.in.stem().string()}));
  return write_file(options.out, picture);
}

}  // namespace

Action show_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.add_option("IN", options->in, "A MIDI, MusicXML, ABC or Humdrum **kern file")->required();
  flags.add_option("-o,--output", options->out, "The picture to write: .svg or .png")->required();
  return [options] { return show(*options); };
}

}  // namespace antiphon::app
