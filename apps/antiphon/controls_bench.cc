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
#include "generate/net_model.h"
#include "generate/partner.h"
#include "music/key_finding.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int density_classes = 8, polyphony_classes = 4;
constexpr std::int32_t free_play = 32 * 4 * tokens::steps_per_quarter;  // 32 bars of 4/4.

struct Options : PerformingOptions {
  std::vector<fs::path> songs;
  std::vector<std::uint64_t> seeds = {1};
  fs::path json;
};

/// How often what came is in the class that was asked for, and what came in numbers.
struct Asked {
  int played = 0, same = 0, near = 0;  ///< `near`: at most one class beside, or the same scale.
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
  ControlsBench(const Options& options, const std::vector<Song>& songs, const LoadedModel& model)
      : options_(options),
        songs_(songs),
        session_(generate::make_event_model(model.net)),
        goes_on_(watch_for_interrupt()) {}

  Status run() {
    std::size_t done = 0;
    const std::size_t all =
        options_.seeds.size() *
        (24 + songs_.size() * static_cast<std::size_t>(density_classes + polyphony_classes));
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
      for (const Song& song : songs_) {
        for (int asked = 1; asked <= density_classes; ++asked) {
          tell();
          ANTIPHON_CHECK(accompany(song, {0, asked, 0, true, false}, seed));
        }
        for (int asked = 1; asked <= polyphony_classes; ++asked) {
          tell();
          ANTIPHON_CHECK(accompany(song, {0, Casting::usual_density, asked, false, true}, seed));
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
    if (ai.polyphony > 0) {
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
  std::unique_ptr<generate::EventModel> session_;
  generate::Progress goes_on_;
  Asked keys_;  // Of `near` the scale is the same; the sum is of time in it.
  std::array<Asked, density_classes> density_;
  std::array<Asked, polyphony_classes> polyphony_;
};

std::string ControlsBench::text() const {
  const auto line = [](const std::string& name, const Asked& asked) {
    return table_row(name, std::to_string(asked.played), table_number(asked.share(asked.same), 2),
                     table_number(asked.share(asked.near), 2),
                     table_number(asked.sum / std::max(asked.played, 1), 2));
  };
  const auto table = [&](const std::string& counted, const auto& classes,
                         const std::vector<std::string>& names) {
    std::string text = table_head(counted, "played", "as asked", "or one class beside", "mean");
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
  text += table("onsets a quarter", density_,
                {"below 0.25", "0.25 to 0.5", "0.5 to 0.75", "0.75 to 1", "1 to 1.5", "1.5 to 2",
                 "2 to 3", "3 and more"});
  return text +
         table("notes an onset", polyphony_, {"below 1.15", "1.15 to 2", "2 to 3", "3 and more"});
}

Json ControlsBench::to_json() const {
  const auto all = [](const auto& classes) {
    Json json = Json::array();
    for (const Asked& asked : classes) json.push_back(asked.to_json());
    return json;
  };
  return {{"key", keys_.to_json()}, {"density", all(density_)}, {"polyphony", all(polyphony_)}};
}

Status bench_controls(const Options& options) {
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const std::vector<Song> songs, read_accompanied_songs(options.songs));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  ControlsBench bench(options, songs, model);
  ANTIPHON_CHECK(bench.run());
  std::cout << bench.text();
  if (options.json.empty()) return Done{};
  Json json = {{"model", {{"name", model.name}, {"sha256", model.sha256}}},
               {"songs", songs.size()},
               {"seeds", options.seeds},
               {"temperature", options.sampling.temperature},
               {"top_p", options.sampling.top_p},
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
  return [options] { return bench_controls(*options); };
}

}  // namespace antiphon::app
