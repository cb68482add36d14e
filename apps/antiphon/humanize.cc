// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/model_folder.h"
#include "antiphon/output_files.h"
#include "antiphon/score_files.h"
#include "generate/groove.h"

namespace antiphon::app {
namespace {

struct Options {
  std::filesystem::path in;
  std::string model = "groove", style;
  std::uint64_t seed = 1;
  OutputFiles files;
};

Status humanize(const Options& options) {
  ANTIPHON_CHECK(check(options.files));
  ANTIPHON_TRY(music::Score score, read_score(options.in));
  ANTIPHON_TRY(const LoadedGroove model, load_groove_model(options.model));
  generate::Drummer drummer(model.groove);
  const auto played = drummer.humanize(score, options.style, options.seed);
  if (!played) {
    return Error{played.error().code, options.in.string() + ": " + played.error().message};
  }
  ANTIPHON_CHECK(write(options.files, score, options.in.stem().string()));
  std::printf("%zu hits played anew\n", *played);
  return Done{};
}

}  // namespace

Action humanize_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.add_option("IN", options->in, "A score with a part of drums, such as a MIDI file")
      ->required();
  flags.add_option("--style", options->style, "What kind of music (default: none in particular)");
  flags.add_option("--seed", options->seed, "The same seed plays the same")->capture_default_str();
  flags.add_option("--model", options->model, "A model's name or folder")->capture_default_str();
  add_output_file_flags(flags, options->files)->required();
  return [options] { return humanize(*options); };
}

}  // namespace antiphon::app
