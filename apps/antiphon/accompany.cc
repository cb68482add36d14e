// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/performing.h"
#include "antiphon/score_files.h"
#include "generate/transformer_model.h"
#include "music/instruments.h"
#include "music/melody.h"

namespace antiphon::app {
namespace {

struct Options : PerformingOptions {
  std::string melody;
  std::vector<std::string> human;
  std::vector<std::string> parts = {"piano"};
  // Without a wish, now and then a performance stays silent, as some parts of scores do.
  int density = 5;
};

// The melody and whoever else is named, in the order of the score.
Result<std::vector<std::size_t>> human_parts(const music::Score& score, const Options& options) {
  std::vector<std::size_t> parts;
  if (options.melody.empty()) {
    parts.push_back(music::most_melodic_part(score));
  } else {
    ANTIPHON_TRY(const std::size_t melody, music::find_part(score, options.melody));
    parts.push_back(melody);
  }
  for (const std::string& name : options.human) {
    ANTIPHON_TRY(const std::size_t part, music::find_part(score, name));
    parts.push_back(part);
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return parts;
}

// Notes an onset, as a class: keyboards, guitars and the harp play chords.
int usual_polyphony(int program) {
  const bool chords = program < 32 || program == 46;
  return chords ? 3 : 1;
}

Result<std::vector<generate::AiPart>> ai_parts(const std::vector<std::string>& names, int density) {
  std::vector<generate::AiPart> parts;
  for (const std::string& name : names) {
    const auto program = music::program_named(name);
    if (!program && name != "drums") {
      return Error{Errc::invalid_input,
                   "--parts: no instrument is called '" + name +
                       "'; give a General MIDI name, such as piano or Church Organ"};
    }
    const int polyphony = density > 0 && program ? usual_polyphony(*program) : 0;
    parts.push_back({program.value_or(tokens::instrument_drums), density, polyphony});
  }
  return parts;
}

Status accompany(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const auto ai, ai_parts(options.parts, options.density));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  ANTIPHON_TRY(const auto human, human_parts(score, options));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));

  generate::TransformerModel session(model.transformer);
  const auto start = std::chrono::steady_clock::now();
  auto performance =
      generate::accompany(session, score, human, ai, *tokens::style_of(options.style),
                          options.sampling, show_progress("Playing"));
  const auto took = std::chrono::steady_clock::now() - start;
  if (!performance) {
    return Error{performance.error().code,
                 options.in.string() + ": " + performance.error().message};
  }
  nlohmann::ordered_json facts;
  facts["input"] = options.in.string();
  for (const std::size_t part : human) facts["human_parts"].push_back(score.parts[part].name);
  facts["ai_parts"] = options.parts;
  ANTIPHON_CHECK(leave(options, model, *performance, took, std::move(facts)));
  if (performance->stopped)
    return Error{Errc::unavailable, "stopped; what was played until then is written"};
  return Done{};
}

}  // namespace

Action accompany_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  add_performing_flags(flags, *options);
  flags.add_option("--melody", options->melody,
                   "The part that is listened to, by name or number from 1 (default: the one most "
                   "like a melody)");
  flags.add_option("--human", options->human, "More parts that humans play")->delimiter(',');
  flags.add_option("--parts", options->parts, "What Antiphon plays, such as piano,bass")
      ->delimiter(',')
      ->capture_default_str();
  flags
      .add_option("--density", options->density,
                  "How much it plays: 1 (rarely) to 8 (always); 0 leaves it to the model")
      ->check(CLI::Range(0, 8))
      ->capture_default_str();
  return [options] { return accompany(*options); };
}

}  // namespace antiphon::app
