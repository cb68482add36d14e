// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>
#include <string>

#include "antiphon/commands.h"
#include "antiphon/performing.h"
#include "antiphon/score_files.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

struct Options : PerformingOptions {
  int bars = 8;
  std::string key;
};

Status continue_score(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  std::optional<music::Key> key;
  if (!options.key.empty()) {
    ANTIPHON_TRY(key, music::parse_key(options.key));
  }
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));

  const auto session = player_of(model, options);
  const auto start = std::chrono::steady_clock::now();
  auto performance =
      generate::continue_score(*session, score, options.bars, *tokens::style_of(options.style),
                               options.sampling, show_progress("Playing on"), key);
  const auto took = std::chrono::steady_clock::now() - start;
  if (!performance) {
    return Error{performance.error().code,
                 options.in.string() + ": " + performance.error().message};
  }
  ANTIPHON_CHECK(leave(options, model, *performance, took,
                       {{"input", options.in.string()}, {"bars_added", options.bars}}));
  if (performance->stopped)
    return Error{Errc::unavailable, "stopped; what was played until then is written"};
  return Done{};
}

}  // namespace

Action continue_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  add_performing_flags(flags, *options);
  flags.add_option("--bars", options->bars, "How many bars to go on for")->required();
  flags.add_option("--key", options->key, "Such as G or F#m: kept to; else as the score says");
  return [options] { return continue_score(*options); };
}

}  // namespace antiphon::app
