// SPDX-License-Identifier: Apache-2.0
#include "train/benchmark.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "commands.h"
#include "options.h"

namespace antiphon::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Kind = train::BenchmarkData::Kind;

struct Flags {
  std::string set, model = "transformer";
  fs::path data, out;
  std::vector<std::uint64_t> seeds = {1, 2, 3};
  int threads = 1;
  train::BenchmarkOptions options;
};

Json anchors_of(const train::BenchmarkData& data) {
  Json json = {{"uniform", train::uniform_nats(data)}};
  for (const auto& [name, pieces] : {std::pair{"valid", &data.valid}, {"test", &data.test}}) {
    if (data.kind == Kind::chords) {
      json[name] = {{"independent_pitches", train::independent_nats(data, *pieces)}};
    } else {
      json[name] = {{"unigram", train::unigram_nats(data, *pieces)},
                    {"bigram", train::bigram_nats(data, *pieces, 0.2)}};
    }
  }
  return json;
}

Json spread_of(const Json& seeds, const char* key) {
  double sum = 0, squares = 0;
  const auto count = static_cast<double>(seeds.size());
  for (const Json& seed : seeds) sum += seed[key].get<double>();
  for (const Json& seed : seeds) squares += std::pow(seed[key].get<double>() - sum / count, 2);
  return {{"mean", sum / count}, {"deviation", count > 1 ? std::sqrt(squares / (count - 1)) : 0.0}};
}

Result<train::BenchmarkData> read_set(const fs::path& path, Kind kind) {
  if (kind == Kind::chords && path.extension() == ".mat") {
    return train::read_benchmark_mat(path.string());
  }
  ANTIPHON_TRY(const Bytes bytes, read_file(path, std::size_t{1} << 28));
  return train::read_benchmark(bytes, path.string(), kind);
}

Status benchmark(Flags& flags) {
  at::set_num_threads(flags.threads);
  const Kind kind = flags.set == "jsb-16th" ? Kind::voices : Kind::chords;
  if (flags.model == "sigmoid" && kind == Kind::voices) {
    return Error{Errc::invalid_input, "--model sigmoid is for sets of chords, not jsb-16th"};
  }
  ANTIPHON_TRY(const train::BenchmarkData data, read_set(flags.data, kind));
  // Sets of chords are in a common key, so a model has to be told that a piece was moved from
  // there.
  if (kind == Kind::chords) flags.options.shape.transpose = flags.options.transpose;
  flags.options.shape.head =
      flags.model == "sigmoid" ? train::FrameHead::sigmoids : train::FrameHead::chain;

  Json report = {{"set", flags.set},
                 {"model", flags.model},
                 {"unit", kind == Kind::voices ? "nats a voice and frame" : "nats a frame"},
                 {"anchors", anchors_of(data)},
                 {"seeds", Json::array()}};
  say("anchors " + report["anchors"].dump());
  stop_on_interrupt();
  keep_freed_memory();
  std::error_code error;
  fs::create_directories(flags.out, error);
  std::vector<at::Tensor> tests;
  for (const std::uint64_t seed : flags.seeds) {
    if (interrupted()) break;
    flags.options.seed = seed;
    const auto result = train::train_benchmark(data, flags.options, interrupted, say);
    report["seeds"].push_back({{"seed", seed},
                               {"valid", result.valid},
                               {"test", train::published_mean(data, result.test)},
                               {"minutes", result.minutes},
                               {"best_step", result.best},
                               {"steps", result.steps}});
    tests.push_back(result.test);
    report["valid"] = spread_of(report["seeds"], "valid");
    report["test"] = spread_of(report["seeds"], "test");
    report["test_of_their_mixture"] = train::published_mean(data, train::mixture_nats(tests));
    const std::string name = flags.set + "-" + flags.model;
    ANTIPHON_CHECK(write_file(flags.out / (name + "-" + std::to_string(seed) + ".csv"),
                              std::string_view(result.curve)));
    ANTIPHON_CHECK(write_file(flags.out / (name + ".json"), report.dump(2) + "\n"));
  }
  std::printf("%s\n", report.dump(2).c_str());
  return Done{};
}

}  // namespace

void add_benchmark(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  train::BenchmarkOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "benchmark",
      "Train from scratch on a public data set and measure on its test split; Ctrl-C ends a seed");
  command->add_option("set", flags->set, "The data set")
      ->required()
      ->check(CLI::IsMember({"jsb-16th", "jsb-quarter", "nottingham", "musedata", "piano-midi"}));
  command
      ->add_option("--data", flags->data,
                   "Its file: JSON with train, valid and test, or MATLAB's (.mat)")
      ->required();
  command->add_option("-o,--out", flags->out, "Folder of the results")->required();
  command->add_option("--model", flags->model, "Pitches in turn, or as independent coins")
      ->check(CLI::IsMember({"transformer", "sigmoid"}))
      ->capture_default_str();
  command->add_option("--seeds", flags->seeds, "One training each")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--steps", options.steps, "Of training, each seed")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--validate-steps", options.validate_steps)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--transpose", options.transpose, "Semitones up and down")
      ->check(CLI::Range(0, 11))
      ->capture_default_str();
  command->add_option("--dropout", options.dropout.activations, "Share of activations left out")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command->add_option("--deaf", options.dropout.notes, "Share of notes that aren't heard")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command->add_option("--decay", options.decay, "Of matrices and tables")->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--optimizer", [&options](const std::string& name) { options.muon = name == "muon"; },
          "For the matrices: muon or adam")
      ->check(CLI::IsMember({"muon", "adam"}))
      ->default_str("muon");
  command->add_option("--lr", options.rate, "The highest learning rate")->capture_default_str();
  command->add_option("--rows", options.rows, "Excerpts a step")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--length", options.length, "Frames an excerpt")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--width", options.shape.width, "A multiple of the four heads")
      ->check(CLI::Range(4, 4096))
      ->capture_default_str();
  command->add_option("--layers", options.shape.layers)
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--window", options.shape.window, "Frames that attention reaches back")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--threads", flags->threads)
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->callback([flags] {
    if (flags->options.shape.width % flags->options.shape.heads != 0) {
      fail("--width: expected a multiple of " + std::to_string(flags->options.shape.heads));
    }
    if (const Status status = benchmark(*flags); !status) fail(status.error().message);
  });
}

}  // namespace antiphon::apps
