// SPDX-License-Identifier: Apache-2.0
// How generated drums compare with real ones, as Markdown tables. docs/groove.md says what each
// figure means.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <unordered_set>

#include "base/file.h"
#include "commands.h"
#include "generate/groove.h"
#include "music/measures.h"
#include "options.h"
#include "tokens/drum_measures.h"
#include "train/groove_data.h"

namespace antiphon::apps {
namespace {

using tokens::DrumFeatures;
using tokens::DrumGrid;
using train::GrooveWindow;
using Grids = std::vector<DrumGrid>;

struct Flags {
  std::string data, model;
  std::uint64_t seed = 1;
};

std::vector<DrumFeatures> features_of(const Grids& grids) {
  std::vector<DrumFeatures> features;
  for (const DrumGrid& grid : grids) features.push_back(tokens::features_of(grid));
  return features;
}

double divergence(std::span<const double> p, std::span<const double> q) {
  return music::js_divergence(p, q).value_or(NAN);
}

// Where in the bar a drum is struck.
std::array<double, tokens::drum_steps_a_bar> places_of(const Grids& grids, tokens::Drum drum) {
  std::array<double, tokens::drum_steps_a_bar> places{};
  for (const DrumGrid& grid : grids) {
    for (std::size_t step = 0; step < tokens::drum_steps; ++step) {
      if (grid.at(step, drum)) places[step % tokens::drum_steps_a_bar] += 1;
    }
  }
  return places;
}

double places_divergence(const Grids& grids, const Grids& real, tokens::Drum drum) {
  return divergence(places_of(grids, drum), places_of(real, drum));
}

// The style of most of the 15 training windows that are nearest.
class StyleJudge {
 public:
  explicit StyleJudge(const std::vector<GrooveWindow>& train) {
    for (const GrooveWindow& window : train) {
      known_.emplace_back(tokens::features_of(window.grid), window.style);
    }
  }

  std::size_t operator()(const DrumFeatures& features) const {
    // The nearest so far, the farthest of them last.
    std::vector<std::pair<float, std::size_t>> near(15, {INFINITY, 0});
    for (const auto& [known, style] : known_) {
      float distance = 0;
      for (std::size_t i = 0; i < known.size() && distance < near.back().first; ++i) {
        distance += (known[i] - features[i]) * (known[i] - features[i]);
      }
      if (distance >= near.back().first) continue;
      near.back() = {distance, style};
      std::sort(near.begin(), near.end());
    }
    std::map<std::size_t, int> votes;
    for (const auto& [distance, style] : near) ++votes[style];
    return std::max_element(votes.begin(), votes.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
  }

 private:
  std::vector<std::pair<DrumFeatures, std::size_t>> known_;
};

class Evaluation {
 public:
  Evaluation(const train::GrooveCorpus& corpus, std::shared_ptr<const nn::Groove> groove,
             std::uint64_t seed)
      : corpus_(corpus), drummer_(std::move(groove)), judge_(corpus.train), seed_(seed) {
    for (const GrooveWindow& window : corpus.train) known_.insert(tokens::key_of(window.grid));
    std::map<std::size_t, std::vector<const GrooveWindow*>> alike;
    for (const GrooveWindow& window : corpus.train) alike[window.style].push_back(&window);
    Random random(seed);
    std::vector<float> latent(drummer_.groove().config().latent);
    // Every other window: those don't overlap.
    for (std::size_t i = 0; i < corpus.test.size(); i += 2) {
      const GrooveWindow& window = corpus.test[i];
      real_.push_back(window.grid);
      styles_.push_back(window.style);
      const auto& others = alike.at(window.style);
      train_.push_back(others[random.below(others.size())]->grid);
      generate::draw_latent(random, latent);
      const double x = 2 * random.uniform() - 1, y = 2 * random.uniform() - 1;
      made_.push_back(drummer_.pattern(latent, x, y, window.tempo, window.style));
      generate::draw_latent(random, latent);
      touched_.push_back(drummer_.touch(window.grid, latent, window.tempo, window.style));
    }
    for (const Grids* grids : {&made_, &train_, &real_}) {
      for (const DrumGrid& grid : *grids) {
        verdicts_[grids].push_back(judge_(tokens::features_of(grid)));
      }
    }
  }

  void report() {
    whole();
    by_style();
    plane();
    humanizing();
    speed();
  }

 private:
  double style_agreement(const Grids& grids) const {
    double agree = 0;
    for (std::size_t i = 0; i < grids.size(); ++i) agree += verdicts_.at(&grids)[i] == styles_[i];
    return agree / static_cast<double>(grids.size());
  }

  // The share of patterns that a training window equals, hit for hit, and of different ones.
  std::pair<double, double> originality(const Grids& grids) const {
    double known = 0;
    std::unordered_set<tokens::DrumKey> different;
    for (const DrumGrid& grid : grids) {
      known += known_.contains(tokens::key_of(grid));
      different.insert(tokens::key_of(grid));
    }
    const auto count = static_cast<double>(grids.size());
    return {known / count, static_cast<double>(different.size()) / count};
  }

  void whole() const {
    std::printf("| %zu patterns | generated | training | test |\n|---|---|---|---|\n",
                real_.size());
    const auto test = features_of(real_);
    std::map<const Grids*, tokens::Fidelity> fidelity;
    for (const Grids* grids : {&made_, &train_}) {
      fidelity[grids] = tokens::fidelity_of(features_of(*grids), test);
    }
    const auto real = tokens::playing_of(real_);
    const auto row = [&](const char* what, const char* pattern, const auto& value, bool of_test) {
      std::printf("| %s |", what);
      for (const Grids* grids : {&made_, &train_, &real_}) {
        std::printf(" ");
        if (grids != &real_ || of_test) std::printf(pattern, value(*grids));
        std::printf(" |");
      }
      std::printf("\n");
    };
    row(
        "coverage", "%.3f", [&](const Grids& g) { return fidelity[&g].coverage; }, false);
    row(
        "density", "%.3f", [&](const Grids& g) { return fidelity[&g].density; }, false);
    row(
        "hits a bar", "%.2f", [](const Grids& g) { return tokens::playing_of(g).hits_a_bar; },
        true);
    row(
        "velocity, mean", "%.1f",
        [](const Grids& g) { return tokens::playing_of(g).velocity_mean; }, true);
    row(
        "velocity, deviation", "%.1f",
        [](const Grids& g) { return tokens::playing_of(g).velocity_deviation; }, true);
    row(
        "offset, mean (ticks)", "%.1f",
        [](const Grids& g) { return tokens::playing_of(g).offset_mean; }, true);
    row(
        "offset, deviation (ticks)", "%.1f",
        [](const Grids& g) { return tokens::playing_of(g).offset_deviation; }, true);
    row(
        "velocity JSD (nats)", "%.4f",
        [&](const Grids& g) {
          return divergence(tokens::playing_of(g).velocities, real.velocities);
        },
        false);
    row(
        "offset JSD (nats)", "%.4f",
        [&](const Grids& g) { return divergence(tokens::playing_of(g).offsets, real.offsets); },
        false);
    row(
        "kick places JSD (nats)", "%.4f",
        [&](const Grids& g) { return places_divergence(g, real_, tokens::Drum::kick); }, false);
    row(
        "snare places JSD (nats)", "%.4f",
        [&](const Grids& g) { return places_divergence(g, real_, tokens::Drum::snare); }, false);
    row(
        "style agreement", "%.3f", [&](const Grids& g) { return style_agreement(g); }, true);
    row(
        "equal to a training pattern", "%.4f", [&](const Grids& g) { return originality(g).first; },
        true);
    row(
        "different patterns", "%.3f", [&](const Grids& g) { return originality(g).second; }, true);
    std::printf("\n");
  }

  void by_style() const {
    std::printf(
        "| style | test | coverage | hits a bar | velocity JSD | offset JSD | kick places JSD | "
        "snare places JSD | agreement |\n|---|---|---|---|---|---|---|---|---|\n");
    for (std::size_t style = 0; style < corpus_.styles.size(); ++style) {
      Grids made, train, real;
      double agree = 0, real_agree = 0;
      for (std::size_t i = 0; i < styles_.size(); ++i) {
        if (styles_[i] != style) continue;
        made.push_back(made_[i]);
        train.push_back(train_[i]);
        real.push_back(real_[i]);
        agree += verdicts_.at(&made_)[i] == style;
        real_agree += verdicts_.at(&real_)[i] == style;
      }
      if (real.empty()) continue;
      const auto test = features_of(real);
      const auto played = tokens::playing_of(made), trained = tokens::playing_of(train),
                 wanted = tokens::playing_of(real);
      const auto count = static_cast<double>(real.size());
      std::printf(
          "| %s | %zu | %.2f (%.2f) | %.1f (%.1f; test %.1f) | %.3f (%.3f) | %.3f (%.3f) | %.3f "
          "(%.3f) | %.3f (%.3f) | %.2f (test %.2f) |\n",
          corpus_.styles[style].c_str(), real.size(),
          tokens::fidelity_of(features_of(made), test).coverage,
          tokens::fidelity_of(features_of(train), test).coverage, played.hits_a_bar,
          trained.hits_a_bar, wanted.hits_a_bar, divergence(played.velocities, wanted.velocities),
          divergence(trained.velocities, wanted.velocities),
          divergence(played.offsets, wanted.offsets), divergence(trained.offsets, wanted.offsets),
          places_divergence(made, real, tokens::Drum::kick),
          places_divergence(train, real, tokens::Drum::kick),
          places_divergence(made, real, tokens::Drum::snare),
          places_divergence(train, real, tokens::Drum::snare), agree / count, real_agree / count);
    }
    std::printf("\n");
  }

  // What is obtained along each axis, the other at random, in the test split's styles and tempos.
  void plane() {
    std::printf("| asked for | -1 | -0.5 | 0 | 0.5 | 1 |\n|---|---|---|---|---|---|\n");
    for (const bool along_x : {true, false}) {
      std::printf("| %s |", along_x ? "x: hits a bar" : "y: syncopation");
      for (const double at : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
        Random random(seed_);
        std::vector<float> latent(drummer_.groove().config().latent);
        double sum = 0;
        for (const GrooveWindow& window : corpus_.test) {
          generate::draw_latent(random, latent);
          const double other = 2 * random.uniform() - 1;
          const DrumGrid grid = drummer_.pattern(latent, along_x ? at : other, along_x ? other : at,
                                                 window.tempo, window.style);
          sum += along_x ? static_cast<double>(grid.hits()) / 2 : tokens::syncopation(grid);
        }
        std::printf(" %.2f |", sum / static_cast<double>(corpus_.test.size()));
      }
      std::printf("\n");
    }
    std::printf("\n");
  }

  // Real hits of the test split, stiff, and played anew.
  void humanizing() const {
    const auto real = tokens::playing_of(real_), human = tokens::playing_of(touched_);
    double velocity = 0, offset = 0, flat_velocity = 0, flat_offset = 0, hits = 0;
    for (std::size_t i = 0; i < real_.size(); ++i) {
      for (std::size_t step = 0; step < tokens::drum_steps; ++step) {
        for (std::size_t drum = 0; drum < tokens::drum_kinds; ++drum) {
          const auto &was = real_[i].steps[step][drum], &is = touched_[i].steps[step][drum];
          if (!was) continue;
          hits += 1;
          velocity += std::abs(was.velocity - is.velocity);
          offset += std::abs(was.offset - is.offset);
          flat_velocity += std::abs(was.velocity - real.velocity_mean);
          flat_offset += std::abs(was.offset);
        }
      }
    }
    std::printf("| humanized test hits | humanized | stiff | real |\n|---|---|---|---|\n");
    std::printf("| velocity, mean and deviation | %.1f, %.1f | %.1f, 0 | %.1f, %.1f |\n",
                human.velocity_mean, human.velocity_deviation, real.velocity_mean,
                real.velocity_mean, real.velocity_deviation);
    std::printf("| offset, mean and deviation (ticks) | %.1f, %.1f | 0, 0 | %.1f, %.1f |\n",
                human.offset_mean, human.offset_deviation, real.offset_mean, real.offset_deviation);
    std::printf("| velocity JSD, offset JSD (nats) | %.4f, %.4f | | |\n",
                divergence(human.velocities, real.velocities),
                divergence(human.offsets, real.offsets));
    std::printf("| velocity, mean distance from the real one | %.1f | %.1f | |\n", velocity / hits,
                flat_velocity / hits);
    std::printf("| offset, mean distance from the real one (ticks) | %.1f | %.1f | |\n\n",
                offset / hits, flat_offset / hits);
  }

  void speed() {
    std::vector<float> latent(drummer_.groove().config().latent);
    Random random(seed_);
    std::vector<double> times;
    for (int i = 0; i < 2000; ++i) {
      generate::draw_latent(random, latent);
      const auto start = std::chrono::steady_clock::now();
      drummer_.pattern(latent, 0, 0, 120, 0);
      times.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
              .count() /
          2);
    }
    std::sort(times.begin(), times.end());
    std::printf("ms a bar, one core, %s: median %.4f, 99 of 100 below %.4f\n",
                drummer_.groove().kernels().name, times[times.size() / 2],
                times[times.size() * 99 / 100]);
  }

  const train::GrooveCorpus& corpus_;
  generate::Drummer drummer_;
  StyleJudge judge_;
  std::uint64_t seed_;
  std::unordered_set<tokens::DrumKey> known_;
  std::vector<std::size_t> styles_;  // Of each of these:
  Grids real_, train_, made_, touched_;
  std::map<const Grids*, std::vector<std::size_t>> verdicts_;
};

void evaluate(const Flags& flags) {
  const auto config = read_file(flags.model + "/config.json", 1 << 20);
  if (!config) fail(config.error().message);
  auto weights = read_file(flags.model + "/weights.safetensors");
  if (!weights) fail(weights.error().message);
  const auto bytes = std::make_shared<const Bytes>(*std::move(weights));
  const auto groove = generate::load_groove(as_text(*config), *bytes, bytes);
  if (!groove) fail(flags.model + ": " + groove.error().message);
  const auto corpus = train::GrooveCorpus::read(flags.data);
  if (!corpus) fail(corpus.error().message);
  if (corpus->styles != (*groove)->config().styles) {
    fail(flags.model + ": its styles are not those of " + flags.data);
  }
  Evaluation(*corpus, *groove, flags.seed).report();
}

}  // namespace

void add_groove_evaluate(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("groove-evaluate", "Hold generated drums against the test split");
  command->add_option("--data", flags->data, "The Groove MIDI data set, with info.csv")->required();
  command->add_option("--model", flags->model, "The model's folder")->required();
  command->add_option("--seed", flags->seed)->capture_default_str();
  command->callback([flags] { evaluate(*flags); });
}

}  // namespace antiphon::apps
