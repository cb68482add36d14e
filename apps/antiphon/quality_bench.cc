// SPDX-License-Identifier: Apache-2.0
#include "antiphon/quality_bench.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "antiphon/casting.h"
#include "antiphon/evaluation.h"
#include "antiphon/markdown.h"
#include "antiphon/performing.h"
#include "antiphon/recovery.h"
#include "antiphon/song_set.h"
#include "base/file.h"
#include "drawing/chart.h"
#include "edge/measures.h"
#include "edge/performer.h"
#include "generate/net_model.h"
#include "music/key_finding.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

struct Options : PerformingOptions {
  std::vector<fs::path> songs;
  std::vector<std::uint64_t> seeds = {1, 2, 3};
  double bpm = 120;
  int semitones = 3;
  fs::path folder;
};

/// The accompaniments of all songs under one condition, all seeds.
struct Played {
  std::string name;
  Summary quality = {};
};

/// A player who moves to another key in the middle of the song.
struct Moved {
  enum class Told { key, no_key, both_keys };
  std::string name;
  int semitones = 0;
  Told told = Told::key;
  Recovery recovery = {};
};

class QualityBench {
 public:
  QualityBench(const Options& options, std::vector<Song> songs, std::vector<generate::AiPart> ai,
               const LoadedModel& model)
      : options_(options),
        songs_(std::move(songs)),
        ai_(std::move(ai)),
        model_(model),
        goes_on_(watch_for_interrupt()) {
    const std::string by = std::to_string(options.semitones) + " semitones";
    moves_ = {{"nobody moves"},
              {"the player moves by " + by, options.semitones},
              {"the same, no key was told", options.semitones, Moved::Told::no_key},
              {"the same, the new key is told", options.semitones, Moved::Told::both_keys}};
    for (const Song& song : songs_) people_.quality.add(song.score, song.roles);
  }

  Status run() {
    const bool terminal = isatty(STDERR_FILENO) != 0;
    const std::size_t all = options_.seeds.size() * songs_.size();
    std::size_t done = 0;
    for (const std::uint64_t seed : options_.seeds) {
      for (const Song& song : songs_) {
        if (terminal) std::fprintf(stderr, "\r\x1b[K%zu of %zu", ++done, all);
        if (const Status status = play(song, seed); !status) {
          return Error{status.error().code, song.file.string() + ": " + status.error().message};
        }
      }
    }
    if (terminal) std::fputs("\r\x1b[K", stderr);
    return Done{};
  }

  std::string text() const;
  Json to_json() const;
  Result<Bytes> picture_of_form() const;
  Result<Bytes> picture_of_recovery() const;

 private:
  Status play(const Song& song, std::uint64_t seed) {
    const auto session = player_of(model_, options_);
    ANTIPHON_TRY(const music::Score offline, accompany(*session, song, song.score, seed));
    ANTIPHON_CHECK(measure(offline, song, offline_.quality));
    ANTIPHON_TRY(const music::Score live, jam(*session, song, seed));
    ANTIPHON_CHECK(measure(live, song, live_.quality));

    const std::vector<music::Bar> bars = music::bars_of(song.score);
    const music::Ticks middle = bars[bars.size() / 2].start;
    const auto key = key_of(song);
    if (!key) return Done{};
    for (Moved& move : moves_) {
      music::Score score = moved_from(song.score, middle, move.semitones);
      if (move.told == Moved::Told::no_key) score.keys.clear();
      if (move.told == Moved::Told::both_keys)
        score.keys = {{{}, *key}, {middle, music::transposed(*key, move.semitones)}};
      ANTIPHON_TRY(const music::Score played, accompany(*session, song, score, seed));
      const music::Roles roles = music::roles_of(played);
      move.recovery.add(played.parts[roles.melody].notes, music::accompaniment_of(played, roles),
                        *key, middle, move.semitones);
    }
    return Done{};
  }

  Result<music::Score> accompany(generate::EventModel& session, const Song& song,
                                 const music::Score& score, std::uint64_t seed) const {
    session.rewind(0);
    generate::Sampling sampling = options_.sampling;
    sampling.seed = seed;
    ANTIPHON_TRY(generate::Performance performance,
                 generate::accompany(session, score, song.human, ai_,
                                     *tokens::style_of(options_.style), sampling, goes_on_));
    if (performance.stopped) return stopped();
    return std::move(performance.score);
  }

  /// The same as a jam in simulated time, at one tempo for all.
  Result<music::Score> jam(generate::EventModel& session, const Song& song,
                           std::uint64_t seed) const {
    session.rewind(0);
    music::Score score = song.score;
    ANTIPHON_TRY(const music::Tempo tempo, music::Tempo::of(options_.bpm));
    score.tempos = {{{}, tempo}};
    ANTIPHON_TRY(edge::JamSetup setup,
                 edge::perform(score, song.human, ai_, *tokens::style_of(options_.style), 1));
    setup.sampling = options_.sampling;
    setup.sampling.seed = seed;
    setup.pace.horizon = edge::Pace::usual_horizon(setup.sampling.futures);
    setup.reach = tokens::steps_per_quarter;  // Nothing will be late.
    edge::SimulatedCost cost;
    cost.seed = seed;
    const edge::Jam jam = edge::simulate({&session, nullptr}, setup, cost, goes_on_);
    if (jam.stopped) return stopped();
    return edge::recording_of(jam, setup.header);
  }

  static Error stopped() { return {Errc::unavailable, "stopped before all was measured"}; }

  static Status measure(const music::Score& played, const Song& song, Summary& summary) {
    const music::Roles roles = music::roles_of(played);
    if (roles.accompaniment.empty()) return Error{Errc::internal, "nothing was played"};
    summary.add(played, roles);
    summary.compare(played, roles, song.score, song.roles);
    return Done{};
  }

  static std::optional<music::Key> key_of(const Song& song) {
    if (!song.score.keys.empty()) return song.score.keys.front().value;
    return music::find_key(music::pitch_classes(song.score.parts[song.roles.melody].notes));
  }

  std::vector<const Played*> all_played() const { return {&people_, &offline_, &live_}; }

  const Options& options_;
  std::vector<Song> songs_;
  std::vector<generate::AiPart> ai_;
  const LoadedModel& model_;
  generate::Progress goes_on_;
  Played people_{"people"}, offline_{"the model, offline"}, live_{"the model, live (simulated)"};
  std::vector<Moved> moves_;
};

std::string QualityBench::text() const {
  std::string text =
      table_head("", "consonant", "dissonant", "unsupported", "in key", "notes a bar", "voices",
                 "returns", "pitch JSD", "onset JSD", "bar JSD", "form", "Fréchet");
  for (const Played* played : all_played()) {
    const Summary& quality = played->quality;
    const music::Harmony harmony = quality.mean_harmony();
    const auto distance = quality.mean_distance().value_or(music::Distance{});
    text += table_row(
        played->name, table_number(harmony.consonant_ratio()),
        table_number(harmony.dissonant_ratio()), table_number(harmony.unsupported_ratio()),
        table_number(quality.mean_key_agreement()), table_number(quality.mean_notes_a_bar()),
        table_number(quality.mean_polyphony()), table_number(quality.mean_recurrence()),
        table_number(distance.pitch), table_number(distance.onset), table_number(distance.bar),
        table_number(distance.form),
        played == &people_ ? "" : table_number(quality.frechet_distance(people_.quality)));
  }
  text += "\n" + table_head("", "consonant before", "quarters to find back", "in key before",
                            "quarters to find back");
  const auto beats = [](const Recovery::Found& found) {
    return found.beats ? std::to_string(*found.beats) : "not in " + std::to_string(Recovery::after);
  };
  for (const Moved& move : moves_) {
    const Recovery::Found consonance = move.recovery.consonance(), key = move.recovery.key();
    text += table_row(move.name, table_number(consonance.level), beats(consonance),
                      table_number(key.level), beats(key));
  }
  return text;
}

Json QualityBench::to_json() const {
  Json json = {{"model", {{"name", model_.name}, {"sha256", model_.sha256}}},
               {"songs", songs_.size()},
               {"seeds", options_.seeds},
               {"temperature", options_.sampling.temperature},
               {"top_p", options_.sampling.top_p},
               {"futures", options_.sampling.futures},
               {"style", options_.style},
               {"tempo", options_.bpm}};
  for (const Played* played : all_played()) {
    Json one = played->quality.to_json();
    if (played != &people_) {
      const auto distance = played->quality.frechet_distance(people_.quality);
      one["frechet_distance"] = distance ? Json(*distance) : Json();
    }
    json["played"][played->name] = std::move(one);
  }
  for (const Moved& move : moves_) {
    Json beats = Json::array();
    for (int beat = -Recovery::before; beat < Recovery::after; ++beat) {
      const auto consonant = move.recovery.consonant(beat), in_key = move.recovery.in_key(beat);
      beats.push_back({{"quarter", beat},
                       {"consonant", consonant ? Json(*consonant) : Json()},
                       {"in_key", in_key ? Json(*in_key) : Json()}});
    }
    json["moves"][move.name] = std::move(beats);
  }
  return json;
}

Result<Bytes> QualityBench::picture_of_form() const {
  drawing::Chart chart{.title = "How alike bars are that lie so far apart",
                       .x_label = "bars apart",
                       .y_label = "mean likeness"};
  for (const Played* played : all_played()) {
    drawing::Curve curve{played->name, {}};
    const auto by_lag = played->quality.mean_by_lag();
    for (std::size_t i = 0; i < by_lag.size(); ++i) {
      if (by_lag[i]) curve.points.emplace_back(static_cast<double>(i + 1), *by_lag[i]);
    }
    chart.curves.push_back(std::move(curve));
  }
  return drawing::draw_curves(chart, drawing::Format::png);
}

Result<Bytes> QualityBench::picture_of_recovery() const {
  drawing::Chart chart{.title = "The player moves to another key",
                       .x_label = "quarters after it (means of four)",
                       .y_label = "accompaniment in the player's key"};
  for (const Moved& move : moves_) {
    drawing::Curve curve{move.name, {}};
    for (int beat = -Recovery::before; beat + 4 <= Recovery::after; ++beat) {
      double sum = 0;
      for (int i = 0; i < 4; ++i) sum += move.recovery.in_key(beat + i).value_or(0) / 4;
      curve.points.emplace_back(beat, sum);
    }
    chart.curves.push_back(std::move(curve));
  }
  return drawing::draw_curves(chart, drawing::Format::png);
}

Status bench_quality(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(std::vector<Song> songs, read_accompanied_songs(options.songs));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  ANTIPHON_TRY(auto ai, ai_parts(Casting()));
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) return Error{Errc::unavailable, options.folder.string() + ": " + error.message()};

  QualityBench bench(options, std::move(songs), std::move(ai), model);
  ANTIPHON_CHECK(bench.run());
  const std::string text = bench.text();
  std::cout << text;
  ANTIPHON_TRY(const Bytes form, bench.picture_of_form());
  ANTIPHON_TRY(const Bytes recovery, bench.picture_of_recovery());
  ANTIPHON_CHECK(write_file(options.folder / "form.png", form));
  ANTIPHON_CHECK(write_file(options.folder / "recovery.png", recovery));
  ANTIPHON_CHECK(write_file(options.folder / "quality.json", bench.to_json().dump(2) + "\n"));
  return write_file(options.folder / "quality.md",
                    text + "\n![Form](form.png)\n\n![Recovery](recovery.png)\n");
}

}  // namespace

Action declare_quality(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  options->style = "song";
  flags
      .add_option("SONGS", options->songs,
                  "Scores, or folders of them, of a melody and someone who accompanies it")
      ->required();
  flags.add_option("-o,--output", options->folder, "Folder of the tables and pictures")->required();
  flags.add_option("--seeds", options->seeds, "Each song is played once a seed")
      ->delimiter(',')
      ->capture_default_str();
  flags.add_option("--tempo", options->bpm, "Of the jams, quarters a minute")
      ->capture_default_str();
  flags.add_option("--move", options->semitones, "Semitones that the player moves by")
      ->check(CLI::Range(-11, 11))
      ->capture_default_str();
  add_model_flags(flags, *options);
  add_futures_flag(flags, *options);
  return [options] { return bench_quality(*options); };
}

}  // namespace antiphon::app
