// SPDX-License-Identifier: Apache-2.0
#include "generate/infill.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/model_folder.h"
#include "antiphon/output_files.h"
#include "antiphon/performing.h"
#include "antiphon/score_files.h"
#include "music/melody.h"

namespace antiphon::app {
namespace {

struct Options {
  std::filesystem::path in;
  std::string model = "infill", bars, melody;
  std::vector<std::string> parts;
  std::string order = "random";
  generate::Unmasking unmasking{};
  OutputFiles files;
};

struct Bars {
  int first = 0, last = 0;
};

// "5-8" or "5".
Result<Bars> bars_of(const std::string& text) {
  Bars bars;
  const char* const end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, bars.first);
  bars.last = bars.first;
  if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-') {
    read = std::from_chars(read.ptr + 1, end, bars.last);
  }
  if (read.ec == std::errc() && read.ptr == end) return bars;
  return Error{Errc::invalid_input,
               "--bars must be a bar or a range such as 5-8, got '" + text + "'"};
}

Error in_file(const Options& options, const Error& error) {
  return {error.code, options.in.string() + ": " + error.message};
}

// What both commands do once they know what to make.
template <class Make>
Status make(const Options& options, nlohmann::ordered_json facts, const Make& make_music) {
  ANTIPHON_TRY(const LoadedInfill model, load_infill_model(options.model));
  generate::Infiller infiller(model.transformer);
  const auto start = std::chrono::steady_clock::now();
  const auto made = make_music(infiller);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (!made) return in_file(options, made.error());
  ANTIPHON_CHECK(write(options.files, made->score, options.in.stem().string()));
  facts["input"] = options.in.string();
  facts["model"] = {{"name", model.name}, {"sha256", model.sha256}};
  facts["seed"] = options.unmasking.seed;
  facts["temperature"] = options.unmasking.temperature;
  facts["steps"] = options.unmasking.steps;
  facts["order"] = options.order;
  facts["notes"] = made->notes;
  facts["passes"] = made->passes;
  facts["complete"] = !made->stopped;
  facts["seconds"] = took.count();
  facts["kernels"] = model.transformer->kernels().name;
  ANTIPHON_CHECK(write_report(options.files, facts));
  std::printf("%zu notes, %zu passes, %.2f s\n", made->notes, made->passes, took.count());
  if (made->stopped) {
    return Error{Errc::unavailable, "stopped; what was made until then is written"};
  }
  return Done{};
}

Status check(const Options& options) {
  ANTIPHON_CHECK(generate::check(options.unmasking));
  return check(options.files);
}

Status infill(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const Bars bars, bars_of(options.bars));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  std::vector<std::size_t> parts;
  for (const std::string& name : options.parts) {
    const auto part = music::find_part(score, name);
    if (!part) return in_file(options, part.error());
    parts.push_back(*part);
  }
  nlohmann::ordered_json facts;
  facts["bars"] = {bars.first, bars.last};
  return make(options, std::move(facts), [&](generate::Infiller& infiller) {
    return generate::infill(infiller, score, bars.first, bars.last, parts, options.unmasking,
                            show_progress("Filling"));
  });
}

Status harmonize(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const music::Score score, read_score(options.in));
  std::size_t melody = music::most_melodic_part(score);
  if (!options.melody.empty()) {
    const auto part = music::find_part(score, options.melody);
    if (!part) return in_file(options, part.error());
    melody = *part;
  }
  nlohmann::ordered_json facts;
  facts["melody"] = score.parts[melody].name;
  return make(options, std::move(facts), [&](generate::Infiller& infiller) {
    return generate::harmonize(infiller, score, melody, options.unmasking,
                               show_progress("Harmonizing"));
  });
}

void add_flags(CLI::App& flags, Options& options) {
  generate::Unmasking& unmasking = options.unmasking;
  flags.add_option("IN", options.in, "A MIDI, MusicXML, ABC or Humdrum **kern file")->required();
  flags.add_option("--steps", unmasking.steps, "Passes of the model: more is better and slower")
      ->capture_default_str();
  flags.add_option("--order", options.order, "What is decided first: random, or sure-first")
      ->check(CLI::IsMember({"random", "sure-first"}))
      ->each(
          [&unmasking](const std::string& order) { unmasking.sure_first = order == "sure-first"; })
      ->capture_default_str();
  flags.add_option("--temperature", unmasking.temperature, "0: the likeliest; 1: as learned")
      ->capture_default_str();
  flags.add_option("--seed", unmasking.seed, "The same seed makes the same")->capture_default_str();
  flags.add_option("--model", options.model, "A model's name or folder")->capture_default_str();
  add_output_file_flags(flags, options.files)->required();
  flags.add_option("--report", options.files.report, "Also seed, passes and time as JSON");
}

}  // namespace

Action infill_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.add_option("--bars", options->bars, "What to fill: a bar, or a range such as 5-8")
      ->required();
  flags.add_option("--parts", options->parts,
                   "Parts to make anew, by number or name (default: all that aren't drums)");
  add_flags(flags, *options);
  return [options] { return infill(*options); };
}

Action harmonize_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  options->unmasking.steps = 64;  // Three voices out of nothing want more passes than a few bars.
  flags.add_option("--melody", options->melody,
                   "The part to harmonize, by number or name (default: the most melodic)");
  add_flags(flags, *options);
  return [options] { return harmonize(*options); };
}

}  // namespace antiphon::app
