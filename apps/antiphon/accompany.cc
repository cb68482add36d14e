// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>

#include "antiphon/casting.h"
#include "antiphon/commands.h"
#include "antiphon/performing.h"
#include "antiphon/score_files.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

struct Options : PerformingOptions {
  Casting casting;
  int candidates = 1;
};

Status accompany(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const auto ai, ai_parts(options.casting));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  ANTIPHON_TRY(const auto human, human_parts(score, options.casting));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));

  const auto session = player_of(model, options);
  const auto start = std::chrono::steady_clock::now();
  auto performance =
      generate::accompany(*session, score, human, ai, *tokens::style_of(options.style),
                          options.sampling, show_progress("Playing"), options.candidates);
  const auto took = std::chrono::steady_clock::now() - start;
  if (!performance) {
    return Error{performance.error().code,
                 options.in.string() + ": " + performance.error().message};
  }
  nlohmann::ordered_json facts;
  facts["input"] = options.in.string();
  for (const std::size_t part : human) facts["human_parts"].push_back(score.parts[part].name);
  facts["ai_parts"] = options.casting.parts;
  facts["candidates"] = options.candidates;
  ANTIPHON_CHECK(leave(options, model, *performance, took, std::move(facts)));
  if (performance->stopped)
    return Error{Errc::unavailable, "stopped; what was played until then is written"};
  return Done{};
}

}  // namespace

Action accompany_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  add_performing_flags(flags, *options);
  add_futures_flag(flags, *options);
  add_casting_flags(flags, options->casting);
  flags
      .add_option(
          "--candidates", options->candidates,
          "The melody is known ahead: each quarter is played so often, and what fits the "
          "melody best is likely to be kept (and --futures has no say); 1: nothing is known "
          "before it sounds")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  return [options] { return accompany(*options); };
}

}  // namespace antiphon::app
