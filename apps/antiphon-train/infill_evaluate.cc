// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/file.h"
#include "commands.h"
#include "generate/infill.h"
#include "generate/net_model.h"
#include "left_to_right.h"
#include "music/measures.h"
#include "options.h"
#include "train/engine_score.h"
#include "train/infill_data.h"

namespace antiphon::apps {
namespace {

namespace cell = tokens::cell;
using tokens::VoiceGrid;
using Clock = std::chrono::steady_clock;

struct Flags {
  std::string data, model, left_to_right, split = "held-out";
  int windows = 100;
  double temperature = 1.0;
  std::uint64_t seed = 1;
};

// Four bars of 4/4 in the middle of a window.
constexpr std::size_t first_filled = 32, last_filled = 96;

// What one way of filling came to, over all windows.
struct Filled {
  std::size_t cells = 0, equal = 0;
  std::size_t frames = 0, equal_pitch = 0;  // Of cells, whether the same pitch or silence sounds.
  std::size_t sounding = 0, consonant = 0;  // Pairs of a filled voice and another.
  music::PitchHistogram pitch{};
  std::vector<double> onsets = std::vector<double>(16);
  double seconds = 0;
};

// What sounds in each frame of a voice; 0: nothing.
std::vector<int> pitches_of(const VoiceGrid& grid, std::size_t voice) {
  std::vector<int> pitches;
  int now = grid.entering[voice];
  for (const tokens::Cell c : grid.cells[voice]) {
    if (c != cell::hold) now = cell::is_onset(c) ? cell::pitch(c) : 0;
    pitches.push_back(now);
  }
  return pitches;
}

bool consonant(int a, int b) {
  constexpr bool table[12] = {true,  false, false, true, true,  false,
                              false, true,  true,  true, false, false};
  return table[std::abs(a - b) % 12];
}

void measure(const VoiceGrid& truth, const VoiceGrid& made, const train::CellMask& region,
             Filled& out) {
  std::array<std::vector<int>, tokens::grid_voices> sounding;
  for (std::size_t v = 0; v < tokens::grid_voices; ++v) sounding[v] = pitches_of(made, v);
  for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
    const auto real = pitches_of(truth, v);
    for (std::size_t f = 0; f < truth.frames(); ++f) {
      if (!region[v][f]) continue;
      const tokens::Cell c = made.cells[v][f];
      ++out.cells;
      out.equal += c == truth.cells[v][f];
      out.equal_pitch += sounding[v][f] == real[f];
      if (cell::is_onset(c)) {
        out.pitch[static_cast<std::size_t>(cell::pitch(c))] += 1;
        out.onsets[truth.places[f].place % 16] += 1;
      }
      for (std::size_t other = 0; other < tokens::grid_voices; ++other) {
        if (other == v || sounding[v][f] == 0 || sounding[other][f] == 0) continue;
        ++out.sounding;
        out.consonant += consonant(sounding[v][f], sounding[other][f]);
      }
    }
  }
}

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(whole, 1));
}

class Evaluation {
 public:
  Evaluation(const Flags& flags, const train::Dataset& data, generate::Infiller& infiller)
      : flags_(flags), infiller_(infiller) {
    Random random(flags.seed);
    while (windows_.size() < static_cast<std::size_t>(flags.windows)) {
      auto window = train::draw_window(data.draw_piece(random), infiller.frames(), random, false);
      if (window) windows_.push_back(*std::move(window));
    }
  }

  /// `model`: an event model that fills the same bars from their past alone, or null.
  void report(generate::EventModel* model) {
    bound();
    std::printf(
        "| filled | steps | order | cells right | pitch right | consonant | pitch JSD | onset JSD "
        "| ms |\n|---|---|---|---|---|---|---|---|---|\n");
    for (const bool one : {false, true}) {
      const Filled real = fill(one, 0, false);
      row(one, "real", "", real, real);
      for (const int steps : {1, 4, 16, 64}) {
        for (const bool sure : {false, true}) {
          if (steps == 1 && sure) continue;
          const Filled made = fill(one, steps, sure);
          row(one, std::to_string(steps), sure ? "sure-first" : "random", made, real);
        }
      }
      if (!one && model != nullptr) {
        row(one, "", "left to right", fill_left_to_right(*model), real);
      }
    }
  }

 private:
  // The bound on -ln p of whole windows, by a few random draws of what is masked of each.
  void bound() {
    constexpr int draws = 4;
    Random random(flags_.seed);
    std::array<std::vector<double>, tokens::grid_voices> nats;
    double sum = 0, cells_in_all = 0, onsets = 0;
    std::size_t masked = 0, right = 0;
    for (const VoiceGrid& window : windows_) {
      std::vector<std::pair<std::size_t, std::size_t>> cells;
      for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
        for (std::size_t f = 0; window.present(v) && f < window.frames(); ++f) {
          cells.emplace_back(v, f);
          onsets += cell::is_onset(window.cells[v][f]);
        }
      }
      cells_in_all += static_cast<double>(cells.size());
      for (int draw = 0; draw < draws; ++draw) {
        for (std::size_t i = cells.size(); i > 1; --i) {
          std::swap(cells[i - 1], cells[random.below(i)]);
        }
        // Stratified, for less noise: each draw from its own part of the range.
        const double at = (draw + random.uniform()) / draws;
        const auto count =
            1 + std::min(cells.size() - 1,
                         static_cast<std::size_t>(at * static_cast<double>(cells.size())));
        VoiceGrid seen = window;
        for (std::size_t i = 0; i < count; ++i) {
          seen.cells[cells[i].first][cells[i].second] = cell::masked;
        }
        right += infiller_.score(seen, window, nats);
        masked += count;
        double own = 0;
        for (const auto& voice : nats) {
          for (const double n : voice) own += n;
        }
        sum += own * static_cast<double>(cells.size()) / static_cast<double>(count) / draws;
      }
    }
    std::printf(
        "%zu windows of %s: at most %.4f nats a cell, %.3f a note; of the masked cells %.3f are "
        "the likeliest\n\n",
        windows_.size(), flags_.split.c_str(), sum / cells_in_all, sum / onsets,
        share(right, masked));
  }

  // `one`: a random voice of several; else all. No steps: what is really there.
  Filled fill(bool one, int steps, bool sure_first) {
    Filled out;
    Random random(flags_.seed + 1);
    const generate::Unmasking unmasking{.steps = std::max(steps, 1),
                                        .temperature = flags_.temperature,
                                        .sure_first = sure_first,
                                        .seed = flags_.seed};
    for (const VoiceGrid& truth : windows_) {
      std::vector<std::size_t> voices;
      for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
        if (truth.present(v)) voices.push_back(v);
      }
      if (one) voices = {voices[random.below(voices.size())]};
      Random draws(random.bits());
      train::CellMask region;
      for (auto& voice : region) voice.assign(truth.frames(), false);
      VoiceGrid grid = truth;
      for (const std::size_t v : voices) {
        for (std::size_t f = first_filled; f < last_filled; ++f) {
          region[v][f] = true;
          if (steps > 0) grid.cells[v][f] = cell::masked;
        }
      }
      const auto start = Clock::now();
      if (steps > 0) infiller_.fill(grid, grid.frames(), unmasking, draws);
      out.seconds += std::chrono::duration<double>(Clock::now() - start).count();
      measure(truth, grid, region, out);
    }
    return out;
  }

  Filled fill_left_to_right(generate::EventModel& model) const {
    Filled out;
    Random random(flags_.seed + 1);
    for (const VoiceGrid& truth : windows_) {
      train::CellMask region;
      for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
        region[v].assign(truth.frames(), false);
        if (!truth.present(v)) continue;
        std::fill(region[v].begin() + first_filled, region[v].begin() + last_filled, true);
      }
      const auto start = Clock::now();
      const VoiceGrid made =
          left_to_right(model, truth, first_filled, last_filled, flags_.temperature, random.bits());
      out.seconds += std::chrono::duration<double>(Clock::now() - start).count();
      measure(truth, made, region, out);
    }
    return out;
  }

  void row(bool one, const std::string& steps, const char* order, const Filled& made,
           const Filled& real) const {
    std::printf("| %s | %s | %s | %.3f | %.3f | %.3f | %.4f | %.4f | %.1f |\n",
                one ? "a voice" : "all voices", steps.c_str(), order, share(made.equal, made.cells),
                share(made.equal_pitch, made.cells), share(made.consonant, made.sounding),
                music::js_divergence(made.pitch, real.pitch).value_or(NAN),
                music::js_divergence(made.onsets, real.onsets).value_or(NAN),
                made.seconds * 1000 / static_cast<double>(windows_.size()));
    std::fflush(stdout);
  }

  const Flags& flags_;
  generate::Infiller& infiller_;
  std::vector<VoiceGrid> windows_;
};

void evaluate(const Flags& flags) {
  const auto config = read_file(flags.model + "/config.json", 1 << 20);
  if (!config) fail(config.error().message);
  const auto vocabulary = read_file(flags.model + "/vocabulary.json", 1 << 20);
  if (!vocabulary) fail(vocabulary.error().message);
  auto weights = read_file(flags.model + "/weights.safetensors");
  if (!weights) fail(weights.error().message);
  const auto bytes = std::make_shared<const Bytes>(*std::move(weights));
  const auto model = generate::load_infill(as_text(*config), as_text(*vocabulary), *bytes, bytes);
  if (!model) fail(flags.model + ": " + model.error().message);
  generate::Infiller infiller(*model);
  const auto data = train::Dataset::read(flags.data, flags.split);
  if (!data) fail(data.error().message);
  if (!train::has_windows(*data, infiller.frames())) {
    fail(flags.data + ": no piece has a window of notes on the sixteenths");
  }
  std::unique_ptr<generate::EventModel> player;
  if (!flags.left_to_right.empty()) {
    const auto loaded = train::load_exported(flags.left_to_right);
    if (!loaded) fail(loaded.error().message);
    if (loaded->layout != train::Layout::compound) {
      fail(flags.left_to_right + ": only compound models play");
    }
    player = generate::make_event_model(loaded->net);
  }
  Evaluation(flags, *data, infiller).report(player.get());
}

}  // namespace

void add_infill_evaluate(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "infill-evaluate", "Hold what an infill model makes of masked bars against what was there");
  command->add_option("--data", flags->data, "Folder of shards")->required();
  command->add_option("--model", flags->model, "The model's folder")->required();
  command->add_option(
      "--left-to-right", flags->left_to_right,
      "Also the folder of an event model, which fills all voices from the past alone");
  command->add_option("--split", flags->split, "train, validation or held-out")
      ->capture_default_str();
  command->add_option("--windows", flags->windows, "How many windows of eight bars")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--temperature", flags->temperature)
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command->add_option("--seed", flags->seed)->capture_default_str();
  command->callback([flags] { evaluate(*flags); });
}

}  // namespace antiphon::apps
