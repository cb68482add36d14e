// SPDX-License-Identifier: Apache-2.0
#include "antiphon/controls_bench.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "antiphon/casting.h"
#include "antiphon/markdown.h"
#include "antiphon/performing.h"
#include "antiphon/song_set.h"
#include "base/file.h"
#include "generate/likelihood.h"
#include "generate/net_model.h"
#include "generate/partner.h"
#include "music/difficulty.h"
#include "music/key_finding.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int density_classes = 8, polyphony_classes = 4, levels = music::limited_levels;
constexpr std::int32_t free_play = 32 * 4 * tokens::steps_per_quarter;  // 32 bars of 4/4.
// Of the styles, all but `unknown` and `drums`; who tells them apart, and by how many bars of 4/4.
constexpr std::size_t first_style = 1, last_style = tokens::style_names.size() - 2;
constexpr const char* judge_name = "duet-cloud";
constexpr std::int32_t style_bars = 16, style_play = style_bars * 4 * tokens::steps_per_quarter;
constexpr std::uint64_t style_plays = 5;  // A style and seed.

struct Options : PerformingOptions {
  std::vector<fs::path> songs;
  std::vector<std::uint64_t> seeds = {1};
  fs::path json;
};

/// How often what came is in the class that was asked for, and what came in numbers.
struct Asked {
  int played = 0, same = 0, near = 0;  ///< `near`: see the tables' heads.
  double sum = 0;                      ///< Of what is counted.

  void add(int asked, int got, double value) {
    ++played;
    same += got == asked;
    near += std::abs(got - asked) <= 1;
    sum += value;
  }
  void add(const Asked& other) {
    played += other.played, same += other.same, near += other.near, sum += other.sum;
  }
  double share(int count) const { return played > 0 ? static_cast<double>(count) / played : 0; }
  Json to_json() const {
    return {
        {"played", played}, {"same", share(same)}, {"near", share(near)}, {"mean", share(1) * sum}};
  }
};

class ControlsBench {
 public:
  ControlsBench(const Options& options, const std::vector<Song>& songs, const LoadedModel& model,
                const LoadedModel& judge)
      : options_(options),
        songs_(songs),
        session_(player_of(model, options)),
        judge_(generate::make_event_model(judge.net)),
        goes_on_(watch_for_interrupt()) {}

  Status run() {
    std::size_t done = 0;
    const std::size_t all =
        options_.seeds.size() *
        (24 + style_plays * styles_.size() +
         songs_.size() * static_cast<std::size_t>(density_classes + polyphony_classes + levels));
    const auto tell = [&, terminal = isatty(STDERR_FILENO) != 0] {
      if (terminal) std::fprintf(stderr, "\r\x1b[K%zu of %zu", ++done, all);
    };
    for (const std::uint64_t seed : options_.seeds) {
      for (int tonic = 0; tonic < 12; ++tonic) {
        for (const music::Mode mode : {music::Mode::major, music::Mode::minor}) {
          tell();
          ANTIPHON_CHECK(
              play_in(music::transposed({mode == music::Mode::major ? 0 : -3, mode}, tonic), seed));
        }
      }
      for (std::size_t style = first_style; style <= last_style; ++style) {
        for (std::uint64_t i = 0; i < style_plays; ++i) {
          tell();
          ANTIPHON_CHECK(play_as(static_cast<tokens::Style>(style), seed * 100 + i));
        }
      }
      for (const Song& song : songs_) {
        for (int asked = 1; asked <= density_classes; ++asked) {
          tell();
          ANTIPHON_CHECK(accompany(song, {0, asked, 0, true, false}, seed));
        }
        for (int asked = 1; asked <= polyphony_classes; ++asked) {
          tell();
          ANTIPHON_CHECK(accompany(song, {0, Casting::usual_density, asked, false, true}, seed));
        }
        for (int asked = 1; asked <= levels; ++asked) {
          tell();
          Casting casting;
          casting.difficulty = asked;
          ANTIPHON_TRY(const std::vector<generate::AiPart> piano, ai_parts(casting));
          ANTIPHON_CHECK(accompany(song, piano.front(), seed));
        }
      }
    }
    if (isatty(STDERR_FILENO) != 0) std::fputs("\r\x1b[K", stderr);
    return Done{};
  }

  std::string text() const;
  Json to_json() const;

 private:
  /// Alone, so that nobody else gives the key away.
  Status play_in(music::Key key, std::uint64_t seed) {
    session_->rewind(0);
    tokens::Header header;
    header.style = *tokens::style_of(options_.style);
    header.meters = {{0, {}}};
    header.keys = {{0, key}};
    header.keeps_key = true;
    header.slots = {{tokens::Role::ai, 0, Casting::usual_density, 0}};
    generate::Sampling sampling = options_.sampling;
    sampling.seed = seed * 100 + static_cast<std::uint64_t>(key.tonic());
    generate::Partner partner(*session_, header, 0, sampling);
    music::PitchClasses sounding{};
    for (const generate::TimedEvent& played : partner.play(free_play))
      sounding[played.event.pitch % 12] += played.event.duration;
    if (!goes_on_(0)) return stopped();
    const auto found = music::find_key(sounding);
    keys_.played += 1;
    keys_.same += found == key;
    keys_.near += found && found->fifths == key.fifths;
    double all = 0, inside = 0;
    for (int pitch = 0; pitch < 12; ++pitch) {
      const double time = sounding[static_cast<std::size_t>(pitch)];
      all += time;
      if (music::in_scale(key, pitch)) inside += time;
    }
    if (all > 0) keys_.sum += inside / all;
    return Done{};
  }

  /// Alone, on a piano, with no key and meter told; then the judge hears it, told of each style in
  /// turn. As asked: it holds what was played for likeliest with that style; near: for likeliest or
  /// next to it.
  Status play_as(tokens::Style style, std::uint64_t seed) {
    session_->rewind(0);
    tokens::Header header;
    header.style = style;
    header.slots = {{tokens::Role::ai, 0, Casting::usual_density, 0}};
    generate::Sampling sampling = options_.sampling;
    sampling.seed = seed;
    generate::Partner partner(*session_, header, 0, sampling);
    const auto drawn = partner.play(style_play - 1);
    const std::vector<generate::TimedEvent> played(drawn.begin(), drawn.end());
    std::array<double, last_style - first_style + 1> nats{};
    for (std::size_t i = 0; i < nats.size(); ++i) {
      if (!goes_on_(0)) return stopped();
      header.style = static_cast<tokens::Style>(first_style + i);
      judge_->rewind(0);
      nats[i] = generate::likelihood_of(*judge_, header, played, style_play).nats;
    }
    const std::size_t asked = static_cast<std::size_t>(style) - first_style;
    const auto likelier =
        std::count_if(nats.begin(), nats.end(), [&](double other) { return other < nats[asked]; });
    Asked& counted = styles_[asked];
    counted.played += 1;
    counted.same += likelier == 0;
    counted.near += likelier <= 1;
    counted.sum += static_cast<double>(played.size()) / style_bars;
    return Done{};
  }

  Status accompany(const Song& song, const generate::AiPart& ai, std::uint64_t seed) {
    session_->rewind(0);
    generate::Sampling sampling = options_.sampling;
    sampling.seed = seed;
    ANTIPHON_TRY(const generate::Performance performance,
                 generate::accompany(*session_, song.score, song.human, std::span(&ai, 1),
                                     *tokens::style_of(options_.style), sampling, goes_on_));
    if (performance.stopped) return stopped();
    const tokens::GridPart part = tokens::quantize(performance.score).parts.back();
    if (part.notes.empty()) return Done{};
    double onsets = 0;
    for (std::size_t i = 0; i < part.notes.size(); ++i)
      onsets += i == 0 || part.notes[i].onset != part.notes[i - 1].onset;
    const int steps = part.notes.back().end() - part.notes.front().onset;
    if (ai.difficulty > 0) {
      difficulty_[static_cast<std::size_t>(ai.difficulty - 1)].add(
          ai.difficulty, music::difficulty_of(performance.score, performance.score.parts.back()),
          onsets * tokens::steps_per_quarter / steps);
    } else if (ai.keeps_polyphony) {
      polyphony_[static_cast<std::size_t>(ai.polyphony - 1)].add(
          ai.polyphony, tokens::polyphony_class(part),
          static_cast<double>(part.notes.size()) / onsets);
    } else {
      density_[static_cast<std::size_t>(ai.density - 1)].add(
          ai.density, tokens::density_class(part), onsets * tokens::steps_per_quarter / steps);
    }
    return Done{};
  }

  static Error stopped() { return {Errc::unavailable, "stopped before all was measured"}; }

  const Options& options_;
  const std::vector<Song>& songs_;
  std::unique_ptr<generate::EventModel> session_, judge_;
  generate::Progress goes_on_;
  Asked keys_;  // Of `near` the scale is the same; the sum is of time in it.
  std::array<Asked, last_style - first_style + 1> styles_;  // Means are of notes a bar.
  std::array<Asked, density_classes> density_;
  std::array<Asked, polyphony_classes> polyphony_;
  std::array<Asked, levels> difficulty_;  // Means are of onsets a quarter.
};

std::string ControlsBench::text() const {
  const auto line = [](const std::string& name, const Asked& asked) {
    return table_row(name, std::to_string(asked.played), table_number(asked.share(asked.same), 2),
                     table_number(asked.share(asked.near), 2),
                     table_number(asked.sum / std::max(asked.played, 1), 2));
  };
  const auto table = [&](const std::string& counted, const auto& classes,
                         const std::vector<std::string>& names, const char* near) {
    std::string text = table_head(counted, "played", "as asked", near, "mean");
    Asked all;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      text += line(names[i], classes[i]);
      all.add(classes[i]);
    }
    return text + line("all", all) + "\n";
  };
  std::string text =
      table_head("key, playing alone", "played", "as asked", "the same scale", "time in it") +
      line("all 24", keys_) + "\n";
  text += table(
      std::string("style, playing alone, as ") + judge_name + " hears it (mean: notes a bar)",
      styles_,
      {tokens::style_names.begin() + first_style, tokens::style_names.begin() + last_style + 1},
      "or next to the likeliest");
  constexpr auto beside = "or one class beside";
  text += table("onsets a quarter", density_,
                {"below 0.25", "0.25 to 0.5", "0.5 to 0.75", "0.75 to 1", "1 to 1.5", "1.5 to 2",
                 "2 to 3", "3 and more"},
                beside);
  text += table("notes an onset", polyphony_, {"below 1.15", "1.15 to 2", "2 to 3", "3 and more"},
                beside);
  return text + table("difficulty (mean: onsets a quarter)", difficulty_, {"1", "2", "3"}, beside);
}

Json ControlsBench::to_json() const {
  const auto all = [](const auto& classes) {
    Json json = Json::array();
    for (const Asked& asked : classes) json.push_back(asked.to_json());
    return json;
  };
  return {{"key", keys_.to_json()},
          {"style", all(styles_)},
          {"density", all(density_)},
          {"polyphony", all(polyphony_)},
          {"difficulty", all(difficulty_)}};
}

Status bench_controls(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const std::vector<Song> songs, read_accompanied_songs(options.songs));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  ANTIPHON_TRY(const LoadedModel judge, load_model(judge_name));
  ControlsBench bench(options, songs, model, judge);
  ANTIPHON_CHECK(bench.run());
  std::cout << bench.text();
  if (options.json.empty()) return Done{};
  Json json = {{"model", {{"name", model.name}, {"sha256", model.sha256}}},
               {"songs", songs.size()},
               {"seeds", options.seeds},
               {"temperature", options.sampling.temperature},
               {"top_p", options.sampling.top_p},
               {"futures", options.sampling.futures},
               {"style", options.style}};
  json.update(bench.to_json());
  return write_file(options.json, json.dump(2) + "\n");
}

}  // namespace

Action declare_controls(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  options->style = "song";
  flags.add_option("SONGS", options->songs, "Scores, or folders of them, whose melodies are heard")
      ->required();
  flags.add_option("--seeds", options->seeds, "Each is played once a seed")
      ->delimiter(',')
      ->capture_default_str();
  flags.add_option("--json", options->json, "Also all figures, as JSON");
  add_model_flags(flags, *options);
  add_futures_flag(flags, *options);
  return [options] { return bench_controls(*options); };
}

}  // namespace antiphon::app
