// SPDX-License-Identifier: Apache-2.0
#include "antiphon/attack_bench.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <numbers>

#include "antiphon/performing.h"
#include "antiphon/probe.h"
#include "antiphon/quality_report.h"
#include "antiphon/score_files.h"
#include "antiphon/shared_model.h"
#include "antiphon/song_set.h"
#include "base/file.h"
#include "generate/likelihood.h"
#include "generate/split_model.h"
#include "tokens/event.h"
#include "tokens/grid.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using generate::TimedEvent;
using tokens::EventType;
using Net = std::shared_ptr<const nn::Transformer>;

struct Options {
  std::vector<fs::path> songs, attacker;
  std::string model = "duet-edge";
  std::vector<std::size_t> cuts = {0, 1, 2, 3, 4, 5};
  std::vector<double> noises = {0, 0.5, 1, 2};
  std::size_t rows = 20000, hidden = 128;
  int epochs = 6;
  std::uint64_t seed = 1;
  fs::path json;
};

// A song as a model that plays along is told it.
struct Told {
  tokens::Header header;
  std::vector<TimedEvent> events;
  std::int32_t end = 0;
};

Told told_of(const Song& song) {
  const tokens::GridScore grid = tokens::quantize(song.score);
  std::vector<tokens::Role> roles(grid.parts.size(), tokens::Role::ai);
  roles[song.human.front()] = tokens::Role::human;
  Told told{tokens::header_of(grid, roles, tokens::Style::song), {}, 0};
  std::int32_t now = 0;
  for (tokens::Event event : tokens::encode(grid, roles)) {
    now += event.shift;
    if (event.type == EventType::wait || event.type == EventType::end) continue;
    if (event.type == EventType::onset) event.velocity = 0;
    told.events.push_back({now, event});
  }
  told.end = now + 1;
  return told;
}

/// Rows of activations behind some layers, and what an attacker wants to know of each.
struct Rows {
  std::vector<std::vector<float>> behind;  ///< By cut: [rows, dim].
  std::vector<int> kinds;                  ///< One of `kinds`.
  std::vector<int> pitches;                ///< Of human onsets; -1 of others.

  std::size_t size() const { return kinds.size(); }
};
constexpr int kind_count = 4;  // Human onset, human release, AI note or tie, anything else.

int kind_of(EventType type) {
  switch (type) {
    case EventType::onset:
      return 0;
    case EventType::release:
      return 1;
    case EventType::note:
    case EventType::tie:
      return 2;
    default:
      return 3;
  }
}

// Runs the beginning of a song, as much of it as the context holds.
void add_rows(const Net& net, const Told& told, const std::vector<std::size_t>& cuts, Rows& rows) {
  nn::Session session(net);
  tokens::EventStream stream(told.header, 0);
  stream.follow_keys();
  std::vector<tokens::Rows> inputs;
  std::vector<std::int32_t> times;
  const auto add = [&](const tokens::Rows& input, int kind, int pitch) {
    inputs.push_back(input);
    times.push_back(stream.now());
    rows.kinds.push_back(kind);
    rows.pitches.push_back(pitch);
  };
  tokens::Rows input;
  for (std::size_t i = 0; i < stream.header_steps(); ++i) {
    stream.header_rows(i, input);
    add(input, 3, -1);
  }
  for (TimedEvent next : told.events) {
    while (next.at - stream.now() > tokens::max_shift) {
      stream.apply({EventType::wait, static_cast<std::uint8_t>(tokens::max_shift), 0, 0, 0, 0});
      stream.input_rows(input);
      add(input, 3, -1);
    }
    next.event.shift = static_cast<std::uint8_t>(next.at - stream.now());
    stream.apply(next.event);
    stream.input_rows(input);
    const int kind = kind_of(next.event.type);
    add(input, kind, kind == 0 ? next.event.pitch : -1);
    if (inputs.size() + 2 > session.capacity()) break;
  }
  const std::size_t dim = net->config().dim;
  std::vector<nn::Step> steps;
  for (std::size_t i = 0; i < inputs.size(); ++i) steps.push_back({inputs[i].view(), times[i]});
  std::vector<float> x(steps.size() * dim);
  session.embed(steps, x);
  std::size_t layer = 0;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    session.forward(times, layer, cuts[i], x);
    layer = cuts[i];
    rows.behind[i].insert(rows.behind[i].end(), x.begin(), x.end());
  }
}

double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

// Rows as they are on the wire, each divided by its root mean square: what the next layer sees.
std::vector<float> on_the_wire(std::span<const float> rows, std::size_t dim, double noise,
                               Random& random) {
  std::vector<float> all(rows.begin(), rows.end());
  for (std::size_t i = 0; i < all.size(); i += dim) {
    const auto row = std::span(all).subspan(i, dim);
    const auto size_of = [&] {
      double square = 0;
      for (const float x : row) square += static_cast<double>(x) * x;
      return std::sqrt(square / static_cast<double>(dim));
    };
    const double deviation = noise * size_of();
    if (deviation > 0) {
      for (float& x : row) x += static_cast<float>(deviation * normal(random));
    }
    nn::Activations sent{dim, {}, {}};
    sent.add(row);
    sent.get(0, row);
    const auto size = static_cast<float>(std::max(size_of(), 1e-9));
    for (float& x : row) x /= size;
  }
  return all;
}

// The share of `test` that a probe gets right that was trained on `train`; labels below 0 don't
// count.
double success(const Options& options, std::size_t dim, std::size_t classes,
               std::span<const float> train, const std::vector<int>& train_labels,
               std::span<const float> test, const std::vector<int>& test_labels) {
  std::vector<float> rows;
  std::vector<int> labels;
  for (std::size_t i = 0; i < train_labels.size() && labels.size() < options.rows; ++i) {
    if (train_labels[i] < 0) continue;
    labels.push_back(train_labels[i]);
    const auto row = train.subspan(i * dim, dim);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  Probe probe(dim, options.hidden, classes, options.seed);
  probe.train(rows, labels, options.epochs);
  std::size_t right = 0, all = 0;
  for (std::size_t i = 0; i < test_labels.size(); ++i) {
    if (test_labels[i] < 0) continue;
    ++all;
    right += probe.guess(test.subspan(i * dim, dim)) == test_labels[i];
  }
  return static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(all, 1));
}

// The share of the most frequent label.
double most_frequent(const std::vector<int>& labels) {
  std::map<int, std::size_t> counts;
  std::size_t all = 0, most = 0;
  for (const int label : labels) {
    if (label < 0) continue;
    ++all;
    most = std::max(most, ++counts[label]);
  }
  return static_cast<double>(most) / static_cast<double>(std::max<std::size_t>(all, 1));
}

struct Row {
  std::size_t cut;
  double noise, pitch, kind, nats;
};

Status bench_attack(Options options) {
  if (!options.json.empty()) ANTIPHON_CHECK(check_writable(options.json));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  const auto* const net = std::get_if<Net>(&model.net);
  if (net == nullptr)
    return Error{Errc::unsupported, model.name + " isn't made of layers: only Transformers are"};
  const std::size_t dim = (*net)->config().dim, layers = (*net)->config().layers;
  std::ranges::sort(options.cuts);
  if (options.cuts.empty() || options.cuts.back() >= layers) {
    return Error{Errc::invalid_input, "--cuts: " + model.name + " has " + std::to_string(layers) +
                                          " layers, so there are cuts from 0 to " +
                                          std::to_string(layers - 1)};
  }
  ANTIPHON_TRY(const auto songs, read_accompanied_songs(options.songs));
  ANTIPHON_TRY(const auto attacker, read_accompanied_songs(options.attacker));
  std::vector<Told> told;
  Rows test, train;
  test.behind.resize(options.cuts.size());
  train.behind.resize(options.cuts.size());
  for (const Song& song : songs) {
    told.push_back(told_of(song));
    add_rows(*net, told.back(), options.cuts, test);
  }
  for (const Song& song : attacker) add_rows(*net, told_of(song), options.cuts, train);

  const double often_pitch = most_frequent(test.pitches), often_kind = most_frequent(test.kinds);
  std::printf("cut  noise   pitch    kind  nats a note\n    guess   %5.3f   %5.3f\n", often_pitch,
              often_kind);
  const generate::Progress goes_on = watch_for_interrupt();
  std::vector<Row> table;
  for (std::size_t i = 0; i < options.cuts.size(); ++i) {
    for (const double noise : options.noises) {
      if (!goes_on(0)) return Error{Errc::unavailable, "stopped before all was measured"};
      Random random(options.seed);
      const auto seen = on_the_wire(train.behind[i], dim, noise, random);
      const auto sent = on_the_wire(test.behind[i], dim, noise, random);
      Row row{options.cuts[i], noise, 0, 0, 0};
      row.pitch = success(options, dim, 128, seen, train.pitches, sent, test.pitches);
      row.kind = success(options, dim, kind_count, seen, train.kinds, sent, test.kinds);
      generate::Likelihood likelihood;
      for (const Told& one : told) {
        generate::JoinedModel joined(*net, {row.cut, layers},
                                     {noise, [&random] { return random.uniform(); }});
        likelihood += generate::likelihood_of(joined, one.header, one.events, one.end);
      }
      row.nats = likelihood.per_note();
      std::printf("%3zu  %5.2f   %5.3f   %5.3f  %11.3f\n", row.cut, row.noise, row.pitch, row.kind,
                  row.nats);
      std::fflush(stdout);
      table.push_back(row);
    }
  }
  if (options.json.empty()) return Done{};
  Json rows = Json::array();
  for (const Row& row : table) {
    rows.push_back({{"cut", row.cut},
                    {"noise", row.noise},
                    {"pitch", row.pitch},
                    {"kind", row.kind},
                    {"nats_a_note", row.nats}});
  }
  const Json json = {{"model", model.name},
                     {"sha256", model.sha256},
                     {"songs", songs.size()},
                     {"attacker_songs", attacker.size()},
                     {"rows_of_the_attacker", train.size()},
                     {"guess", {{"pitch", often_pitch}, {"kind", often_kind}}},
                     {"rows", rows}};
  return write_file(options.json, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

Action declare_attack(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags
      .add_option("SONGS", options->songs,
                  "Scores, or folders of them, whose melodies are what is to be found out")
      ->required();
  flags
      .add_option("--attacker", options->attacker,
                  "Other ones, from which the attacker learns what notes look like")
      ->required();
  flags.add_option("--model", options->model, "The one that is split")->capture_default_str();
  flags.add_option("--cuts", options->cuts, "Layers that the device runs first")
      ->delimiter(',')
      ->capture_default_str();
  flags
      .add_option("--noises", options->noises,
                  "Added before it leaves, as shares of the activations' root mean square")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  flags.add_option("--rows", options->rows, "Of these the attacker learns from at most so many")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  flags.add_option("--hidden", options->hidden, "Hidden units of the attacker's network")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  flags.add_option("--epochs", options->epochs, "That it is trained for")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  flags.add_option("--seed", options->seed)->capture_default_str();
  flags.add_option("--json", options->json, "Also all figures, as JSON");
  return [options] { return bench_attack(*options); };
}

}  // namespace antiphon::app
