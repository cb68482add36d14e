// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/performing.h"
#include "antiphon/score_files.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

struct Options : PerformingOptions {
  int bars = 8;
};

Status continue_score(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));

  const auto session = generate::make_event_model(model.net);
  const auto start = std::chrono::steady_clock::now();
  auto performance =
      generate::continue_score(*session, score, options.bars, *tokens::style_of(options.style),
                               options.sampling, show_progress("Playing on"));
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
  return [options] { return continue_score(*options); };
}

}  // namespace antiphon::app
