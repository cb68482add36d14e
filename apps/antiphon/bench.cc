// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "antiphon/attack_bench.h"
#include "antiphon/casting.h"
#include "antiphon/commands.h"
#include "antiphon/controls_bench.h"
#include "antiphon/devices.h"
#include "antiphon/follow_bench.h"
#include "antiphon/live_bench.h"
#include "antiphon/load_bench.h"
#include "antiphon/performing.h"
#include "antiphon/quality_bench.h"
#include "antiphon/score_files.h"
#include "base/file.h"
#include "edge/performer.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Options : PerformingOptions {
  std::vector<fs::path> songs;
  std::vector<double> tempos = {90, 120, 150, 200};
  std::vector<double> round_trips = {0, 150, 535};
  bool baselines = true;
  std::optional<std::string> reflex;
  fs::path json;
  bool simulate = true;
  double simulated_ms = 0.1;
};

/// A way of keeping time: ours, perhaps playing more, or a baseline, which plans for a round trip.
struct Timekeeper {
  std::string name;
  std::optional<nanoseconds> round_trip = {};
  std::optional<int> density = {};

  std::optional<edge::FixedInterval> baseline(nanoseconds frame) const {
    if (!round_trip) return {};
    constexpr nanoseconds work = std::chrono::milliseconds(10);
    edge::FixedInterval plan = edge::FixedInterval::solve(*round_trip + work, frame);
    plan.round_trip = *round_trip;
    return plan;
  }
};

Result<std::vector<fs::path>> files_of(const std::vector<fs::path>& songs) {
  std::vector<fs::path> files, from = songs;
  if (from.empty()) from.push_back(fs::path(ANTIPHON_SOURCE) / "tests/data/melodies");
  for (const fs::path& path : from) {
    auto found = score_files_in(path);
    if (!found && songs.empty())
      return Error{Errc::not_found, "the melodies of the source tree aren't here: name some songs"};
    if (!found) return found.error();
    files.insert(files.end(), found->begin(), found->end());
  }
  return files;
}

// Sixteenths from each onset of a melody to the next of its accompaniment: how soon an answer that
// knows of it could come if it were people's, who know more.
void add_waits(const music::Score& song, const music::Roles& roles, std::vector<double>& waits) {
  const std::vector<music::Note> answers = music::accompaniment_of(song, roles);
  for (const music::Note& note : song.parts[roles.melody].notes) {
    const auto next = std::upper_bound(
        answers.begin(), answers.end(), note.onset,
        [](music::Ticks onset, const music::Note& answer) { return onset < answer.onset; });
    if (next != answers.end())
      waits.push_back(static_cast<double>((next->onset - note.onset).count) * 4 /
                      music::Ticks::per_quarter);
  }
}

// One song at one tempo.
Result<edge::Jam> play(const Options& options, const LoadedModel& model,
                       const std::optional<LoadedModel>& reflex, const edge::JamSetup& setup) {
  const auto session = player_of(model, options);
  const auto quick = reflex ? generate::make_event_model(reflex->net) : nullptr;
  const edge::Models models{session.get(), quick.get()};
  const generate::Progress goes_on = watch_for_interrupt();
  if (options.simulate) {
    edge::SimulatedCost cost;
    cost.step = cost.draw = std::chrono::round<nanoseconds>(Milliseconds(options.simulated_ms));
    cost.seed = options.sampling.seed;
    return edge::simulate(models, setup, cost, goes_on);
  }
  ANTIPHON_TRY(const live::Wakeup wakeup, live::Wakeup::make());
  edge::ScriptedPlayer player(setup.performer);
  Loudspeakers none;
  return edge::play_live(models, setup, {player, none, wakeup},
                         [&](nanoseconds, const edge::Conductor&) { return goes_on(0); });
}

Status bench_live(const Options& options) {
  ANTIPHON_CHECK(check(options));
  if (!options.json.empty()) ANTIPHON_CHECK(check_writable(options.json));
  std::vector<Timekeeper> keepers = {{"antiphon"}, {"antiphon, density 8", {}, 8}};
  for (const double ms : options.round_trips) {
    char name[48];
    std::snprintf(name, sizeof name, "fixed, %.0f ms away", ms);
    keepers.push_back({name, std::chrono::round<nanoseconds>(Milliseconds(ms))});
  }
  // A baseline's round trips are simulated ones.
  if (!options.simulate || !options.baselines) keepers.resize(2);
  std::vector<music::Tempo> tempos;
  for (const double bpm : options.tempos) {
    const auto tempo = music::Tempo::of(bpm);
    if (!tempo) return Error{Errc::invalid_input, "--tempos: " + tempo.error().message};
    tempos.push_back(*tempo);
  }
  ANTIPHON_TRY(const auto files, files_of(options.songs));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  ANTIPHON_TRY(const auto reflex, load_reflex(options.reflex));
  Casting casting;

  LiveBench bench;
  bench.simulated = options.simulate;
  std::vector<music::Score> songs;
  std::vector<double> waits;
  Omissions omissions;
  for (const fs::path& file : files) {
    ANTIPHON_TRY(music::Score song, read_score(file, omissions));
    ANTIPHON_TRY(const auto human, human_parts(song, casting));
    const music::Roles roles = music::roles_of(song, human.front());
    if (!roles.accompaniment.empty()) {
      bench.own.add(song, roles);
      add_waits(song, roles, waits);
    }
    songs.push_back(std::move(song));
  }
  bench.own_reaction = edge::spread_of(std::move(waits));
  const bool terminal = isatty(STDERR_FILENO) != 0;
  for (const music::Tempo tempo : tempos) {
    for (const Timekeeper& keeper : keepers) {
      LiveRow row{keeper.name, tempo.bpm(), {}, {}};
      std::vector<edge::Jam> jams;
      for (std::size_t i = 0; i < songs.size(); ++i) {
        if (terminal) {
          std::fprintf(stderr, "\r\x1b[K%.0f beats a minute, %s: song %zu of %zu", tempo.bpm(),
                       keeper.name.c_str(), i + 1, songs.size());
        }
        songs[i].tempos = {{{}, tempo}};
        casting.density = keeper.density;
        ANTIPHON_TRY(const auto human, human_parts(songs[i], casting));
        ANTIPHON_TRY(const auto ai, ai_parts(casting));
        auto setup = edge::perform(songs[i], human, ai, *tokens::style_of(options.style), 1);
        if (!setup) {
          return Error{setup.error().code, files[i].string() + ": " + setup.error().message};
        }
        setup->sampling = options.sampling;
        setup->pace.horizon = edge::Pace::usual_horizon(options.sampling.futures);
        setup->pace.deadline = setup->pace.horizon / 4;
        setup->baseline = keeper.baseline(setup->timeline.time_of({240}));
        ANTIPHON_TRY(edge::Jam jam, play(options, model, reflex, *setup));
        if (jam.stopped) return Error{Errc::unavailable, "stopped before all was measured"};
        const music::Score recording = edge::recording_of(jam, setup->header);
        const music::Roles roles = music::roles_of(recording);
        if (!roles.accompaniment.empty()) row.quality.add(recording, roles);
        bench.real_time_scheduler = jam.real_time_scheduler;
        jams.push_back(std::move(jam));
      }
      row.live = edge::measure(jams);
      bench.rows.push_back(std::move(row));
    }
  }
  if (terminal) std::fputs("\r\x1b[K", stderr);
  std::cout << live_bench_text(bench);
  if (options.json.empty()) return Done{};
  Json json = {
      {"model", {{"name", model.name}, {"sha256", model.sha256}}},
      {"reflex", reflex ? Json{{"name", reflex->name}, {"sha256", reflex->sha256}} : Json()},
      {"songs", songs.size()},
      {"seed", options.sampling.seed},
      {"temperature", options.sampling.temperature},
      {"top_p", options.sampling.top_p},
      {"futures", options.sampling.futures},
      {"style", options.style},
      {"simulated_cost_ms", options.simulated_ms},
      {"kernels", nn::kernels_of(model.net).name}};
  json.update(to_json(bench));
  return write_file(options.json, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Action declare_live(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  options->style = "song";
  flags.add_option("SONGS", options->songs,
                   "Scores, or folders of them, whose melodies are the player (default: the "
                   "melodies of the source tree)");
  flags.add_option("--tempos", options->tempos, "Quarters a minute")
      ->delimiter(',')
      ->capture_default_str();
  flags.add_flag("!--realtime,--simulate", options->simulate,
                 "In real time, or as fast as it goes (the default)");
  flags
      .add_option("--simulated-cost", options->simulated_ms,
                  "Simulated: milliseconds that the model takes for an event")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  flags
      .add_option(
          "--round-trips", options->round_trips,
          "Simulated: milliseconds to where StreamMUSE's scheduler of a fixed interval, the "
          "baseline, has its model")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 60000.0))
      ->capture_default_str();
  flags.add_flag("!--no-baselines", options->baselines, "Only ours");
  add_model_flags(flags, *options);
  add_futures_flag(flags, *options);
  flags.add_option("--reflex", options->reflex,
                   "The small model that answers when the other is late, or none (default: reflex, "
                   "if it is there)");
  flags.add_option("--json", options->json, "Also all figures, as JSON");
  return [options] { return bench_live(*options); };
}

}  // namespace

Action bench_command(CLI::App& flags) {
  flags.require_subcommand(1);
  CLI::App& live = *flags.add_subcommand(
      "live", "Plays with songs at several tempos, and beside it as others schedule it");
  CLI::App* const load =
      flags.add_subcommand("load", "Counts the players that a node on this machine holds");
  CLI::App* const quality = flags.add_subcommand(
      "quality", "Holds accompaniments against those of people, offline and live");
  CLI::App* const controls =
      flags.add_subcommand("controls", "Asks a model for keys and classes, and counts what comes");
  CLI::App* const attack = flags.add_subcommand(
      "attack", "Reads notes out of the activations that a split by layers sends");
  CLI::App* const follow = flags.add_subcommand(
      "follow", "Counts how near the beat stays to players who drift, hurry and leap");
  const std::vector<std::pair<CLI::App*, Action>> benches = {
      {&live, declare_live(live)},          {load, declare_load(*load)},
      {quality, declare_quality(*quality)}, {controls, declare_controls(*controls)},
      {attack, declare_attack(*attack)},    {follow, declare_follow(*follow)}};
  return [benches] {
    return std::find_if(benches.begin(), benches.end(),
                        [](const auto& bench) { return bench.first->parsed(); })
        ->second();
  };
}

}  // namespace antiphon::app
