// SPDX-License-Identifier: Apache-2.0
#include "generate/groove.h"

#include <chrono>
#include <cstdio>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/model_folder.h"
#include "antiphon/output_files.h"
#include "antiphon/score_files.h"

namespace antiphon::app {
namespace {

struct Options {
  std::string model = "groove";
  generate::GrooveWish wish{.style = "rock", .tempo = 110};
  OutputFiles files{.out = "groove.mid"};
};

Status groove(const Options& options) {
  ANTIPHON_CHECK(check(options.files));
  ANTIPHON_TRY(const LoadedGroove model, load_groove_model(options.model));
  ANTIPHON_CHECK(generate::check(options.wish, *model.groove));
  generate::Drummer drummer(model.groove);
  const auto start = std::chrono::steady_clock::now();
  const music::Score score = drummer.play(options.wish);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  if (music::end_of(score) <= music::Ticks{0}) {
    return Error{Errc::internal, "the model plays nothing there; try another seed or place"};
  }
  ANTIPHON_CHECK(write(options.files, score, options.wish.style + " drums"));
  std::printf("%d bars, %zu hits, %.3f ms a bar\n", options.wish.bars,
              score.parts.front().notes.size(), took.count() / options.wish.bars);
  return Done{};
}

}  // namespace

Action groove_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  generate::GrooveWish& wish = options->wish;
  flags.add_option("--style", wish.style, "What kind of music, such as funk, jazz or latin")
      ->capture_default_str();
  flags.add_option("--tempo", wish.tempo, "Quarters a minute, 30 to 300")->capture_default_str();
  flags.add_option("--x", wish.x, "From -1, sparse, to 1, busy")->capture_default_str();
  flags.add_option("--y", wish.y, "From -1, straight, to 1, syncopated")->capture_default_str();
  flags.add_option("--bars", wish.bars, "How many bars, 1 to 1024")->capture_default_str();
  flags
      .add_option("--variation", wish.variation,
                  "How much each two bars differ from those before: 0 repeats, 1 begins anew")
      ->capture_default_str();
  flags.add_option("--seed", wish.seed, "The same seed plays the same")->capture_default_str();
  flags.add_option("--model", options->model, "A model's name or folder")->capture_default_str();
  add_output_file_flags(flags, options->files);
  return [options] { return groove(*options); };
}

}  // namespace antiphon::app
