// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/score_files.h"

namespace antiphon::app {
namespace {

struct Options {
  std::filesystem::path in, out;
};

Status convert(const Options& options) {
  ANTIPHON_CHECK(check_score_name(options.out));
  ANTIPHON_CHECK(check_writable(options.out));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  return write_score(options.out, score);
}

}  // namespace

Action convert_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.add_option("IN", options->in, "A MIDI, MusicXML, ABC or Humdrum **kern file")->required();
  flags.add_option("OUT", options->out, "What to write: .mid or .musicxml")->required();
  return [options] { return convert(*options); };
}

}  // namespace antiphon::app
