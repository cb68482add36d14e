// SPDX-License-Identifier: Apache-2.0
#include "sound/render.h"

#include <filesystem>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/score_files.h"

namespace antiphon::app {
namespace {

struct Options {
  std::filesystem::path in, out;
  sound::RenderOptions sound;
};

Status render(const Options& options) {
  ANTIPHON_CHECK(sound::check_name(options.out));
  ANTIPHON_CHECK(check_writable(options.out));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  const auto recording = sound::render_to_wav(score, options.out, options.sound);
  if (!recording) {
    return Error{recording.error().code,
                 options.in.string() + ": can't be rendered: " + recording.error().message};
  }
  return Done{};
}

}  // namespace

Action render_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.add_option("IN", options->in, "A MIDI, MusicXML, ABC or Humdrum **kern file")->required();
  flags.add_option("-o,--output", options->out, "The WAV file to write")->required();
  flags.add_option("--soundfont", options->sound.soundfont,
                   "An SF2 or SF3 file (default: one that is installed)");
  flags.add_option("--rate", options->sound.rate_hz, "Samples a second")
      ->check(CLI::Range(8000, 96000))
      ->capture_default_str();
  return [options] { return render(*options); };
}

}  // namespace antiphon::app
