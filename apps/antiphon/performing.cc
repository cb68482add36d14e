// SPDX-License-Identifier: Apache-2.0
#include "antiphon/performing.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include "antiphon/quality_report.h"
#include "generate/guided_model.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

std::atomic<bool> interrupted{false};

double quantile(std::vector<std::chrono::nanoseconds> times, double q) {
  if (times.empty()) return 0;
  const auto index = static_cast<std::ptrdiff_t>(q * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), times.begin() + index, times.end());
  return std::chrono::duration<double, std::milli>(times[static_cast<std::size_t>(index)]).count();
}

}  // namespace

void add_performing_flags(CLI::App& flags, PerformingOptions& options) {
  flags.add_option("IN", options.in, "A MIDI, MusicXML, ABC or Humdrum **kern file")->required();
  add_output_file_flags(flags, options)->required();
  add_model_flags(flags, options);
  add_report_flag(flags, options);
}

void add_model_flags(CLI::App& flags, PerformingOptions& options) {
  flags.add_option("--model", options.model, "A model's name or folder")->capture_default_str();
  std::string styles = "What kind of music:";
  for (const auto name : tokens::style_names) styles += " " + std::string(name);
  flags.add_option("--style", options.style, styles)->capture_default_str();
  flags
      .add_option("--style-strength", options.style_strength,
                  "Keeps to the style more than the model learned to; twice the work if not 0")
      ->check(CLI::Range(0, 10))
      ->capture_default_str();
  flags.add_option("--seed", options.sampling.seed, "The same seed plays the same")
      ->capture_default_str();
  flags
      .add_option("--temperature", options.sampling.temperature, "0: the likeliest; 1: as learned")
      ->capture_default_str();
  flags.add_option("--top-p", options.sampling.top_p, "Leaves out what is least likely")
      ->capture_default_str();
}

void add_futures_flag(CLI::App& flags, PerformingOptions& options) {
  options.sampling.futures = 8;
  flags
      .add_option(
          "--futures", options.sampling.futures,
          "What is played in each sixteenth is chosen from so many drafts of what may come, "
          "the player's part too, as what goes with most of them; 1: no choice, and "
          "little of the work")
      ->check(CLI::Range(1, 64))
      ->envname("ANTIPHON_FUTURES")
      ->capture_default_str();
}

void add_report_flag(CLI::App& flags, PerformingOptions& options) {
  flags.add_option("--report", options.report, "Also seed, timings and measures as JSON");
}

std::unique_ptr<generate::EventModel> player_of(const LoadedModel& model,
                                                const PerformingOptions& options) {
  auto session = generate::make_event_model(model.net);
  if (options.style_strength == 0) return session;
  return generate::guide_style(std::move(session), generate::make_event_model(model.net),
                               options.style_strength);
}

Status check(const PerformingOptions& options) {
  ANTIPHON_CHECK(generate::check(options.sampling));
  if (!tokens::style_of(options.style)) {
    return Error{Errc::invalid_input,
                 "--style: there is no style '" + options.style + "'; --help lists them"};
  }
  return check(static_cast<const OutputFiles&>(options));
}

generate::Progress watch_for_interrupt() {
  const auto interrupt = [](int) { interrupted = true; };
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  if (std::signal(SIGHUP, interrupt) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // As under nohup.
  return [](double) { return !interrupted; };
}

generate::Progress show_progress(std::string what) {
  const generate::Progress goes_on = watch_for_interrupt();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  return [what = std::move(what), goes_on, terminal, shown = -1](double share) mutable {
    const int percent = static_cast<int>(share * 100);
    if (terminal && percent != shown) {
      shown = percent;
      const std::string done(static_cast<std::size_t>(percent / 4), '#');
      std::fprintf(stderr, "\r%s [%-25s] %3d %%%s", what.c_str(), done.c_str(), percent,
                   percent >= 100 ? "\n" : "");
    }
    return goes_on(share);
  };
}

Status leave(const PerformingOptions& options, const LoadedModel& model,
             const generate::Performance& performance, std::chrono::duration<double> took,
             nlohmann::ordered_json facts) {
  ANTIPHON_CHECK(write(options, performance.score, options.in.stem().string()));
  if (options.report.empty()) return Done{};

  const std::chrono::duration<double> length =
      time_of(performance.score, end_of(performance.score));
  facts["model"] = {{"name", model.name}, {"sha256", model.sha256}};
  facts["seed"] = options.sampling.seed;
  facts["temperature"] = options.sampling.temperature;
  facts["top_p"] = options.sampling.top_p;
  facts["futures"] = options.sampling.futures;
  facts["style"] = options.style;
  facts["style_strength"] = options.style_strength;
  facts["bars"] = bars_of(performance.score).size();
  facts["ai_notes"] = performance.note_times.size();
  facts["imagined_events"] = performance.imagined;
  facts["complete"] = !performance.stopped;
  facts["seconds"] = took.count();
  facts["music_seconds"] = length.count();
  facts["real_time_factor"] = took.count() / std::max(length.count(), 1e-9);
  facts["ms_per_note"] = {{"p50", quantile(performance.note_times, 0.5)},
                          {"p99", quantile(performance.note_times, 0.99)},
                          {"worst", quantile(performance.note_times, 1.0)}};
  const music::Roles roles = music::roles_of(performance.score);
  if (!roles.accompaniment.empty()) {
    facts["measures"] = to_json(music::quality_of(performance.score, roles));
  }
  facts["kernels"] = nn::kernels_of(model.net).name;
  return write_report(options, facts);
}

}  // namespace antiphon::app
