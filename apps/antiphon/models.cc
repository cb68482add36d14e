// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <memory>
#include <utility>

#include "antiphon/commands.h"
#include "antiphon/event_bench.h"
#include "antiphon/model_check.h"
#include "antiphon/model_folder.h"
#include "antiphon/models_bench.h"
#include "antiphon/quality_report.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

double mebibytes(std::uintmax_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

Json to_json(const ModelFacts& facts) {
  return {{"name", facts.name},
          {"folder", facts.folder.string()},
          {"architecture", facts.architecture},
          {"parameters", facts.parameters},
          {"weights_type", facts.weights_type},
          {"weights_bytes", facts.weights_bytes},
          {"config", Json::parse(facts.config)},
          {"metadata", facts.metadata}};
}

void print_json(const Json& json) {
  std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

Status list(bool as_json) {
  Json json = Json::array();
  for (const fs::path& folder : model_folders()) {
    const auto facts = read_model_facts(folder);
    if (!facts) {
      std::cerr << "antiphon: " << facts.error().message << '\n';
    } else if (as_json) {
      json.push_back(to_json(*facts));
    } else {
      std::printf("%-16s %-18s %7.2f M parameters  %-5s %7.1f MiB  %s\n", facts->name.c_str(),
                  facts->architecture.c_str(), static_cast<double>(facts->parameters) / 1e6,
                  facts->weights_type.c_str(), mebibytes(facts->weights_bytes),
                  facts->folder.c_str());
    }
  }
  if (as_json) return print_json(json), Done{};
  if (!model_folders().empty()) return Done{};
  std::string searched;
  for (const fs::path& root : model_roots())
    searched += (searched.empty() ? "" : ", ") + root.string();
  return Error{Errc::not_found, "there are no models in " + searched};
}

Status show(const std::string& name, bool as_json) {
  ANTIPHON_TRY(const fs::path folder, find_model(name));
  ANTIPHON_TRY(const ModelFacts facts, read_model_facts(folder));
  if (as_json) return print_json(to_json(facts)), Done{};

  std::printf("%s (%s)\n", facts.name.c_str(), facts.folder.c_str());
  std::printf("  architecture  %s: %s\n", facts.architecture.c_str(), facts.shape.c_str());
  std::printf("  weights       %.2f M parameters, %s, %.1f MiB\n",
              static_cast<double>(facts.parameters) / 1e6, facts.weights_type.c_str(),
              mebibytes(facts.weights_bytes));
  for (const auto& [key, value] : facts.metadata) {
    std::printf("  %-13s %s\n", key.c_str(), value.c_str());
  }
  std::error_code ignored;
  if (fs::exists(facts.folder / "CARD.md", ignored)) {
    std::printf("  card          %s\n", (facts.folder / "CARD.md").c_str());
  }
  return Done{};
}

Status verify(const std::vector<std::string>& names) {
  std::vector<fs::path> folders;
  for (const std::string& name : names) {
    ANTIPHON_TRY(fs::path folder, find_model(name));
    folders.push_back(std::move(folder));
  }
  if (names.empty()) folders = model_folders();
  if (folders.empty()) return Error{Errc::not_found, "there are no models to verify"};
  std::size_t wrong = 0;
  for (const fs::path& folder : folders) {
    const ModelCheck check = check_model(folder);
    std::printf("%s: %s\n", folder.c_str(), check.failed.empty() ? "ok" : "wrong");
    for (const std::string& sentence : check.passed) std::printf("  ok: %s\n", sentence.c_str());
    for (const std::string& sentence : check.failed) std::printf("  wrong: %s\n", sentence.c_str());
    if (!check.failed.empty()) ++wrong;
  }
  if (wrong == 0) return Done{};
  return Error{Errc::invalid_input, std::to_string(wrong) + " of " +
                                        std::to_string(folders.size()) +
                                        " models are not as stated"};
}

struct BenchFlags : ModelsBenchOptions {
  std::string type_name = "int8";
  std::string model;
  std::uint32_t events = 20000;
  bool json = false;
};

Status bench(BenchFlags flags) {
  if (!flags.model.empty()) {
    ANTIPHON_TRY(const Json result, run_event_bench(flags.model, flags.events, flags.batch));
    if (flags.json) return print_json(result), Done{};
    std::cout << event_bench_text(result);
    return Done{};
  }
  flags.type = *nn::type_named(flags.type_name);
  ANTIPHON_TRY(const Json result, run_models_bench(flags));
  if (flags.json) return print_json(result), Done{};
  std::cout << models_bench_text(result);
  return Done{};
}

Action declare_bench(CLI::App& command) {
  auto flags = std::make_shared<BenchFlags>();
  const auto number = [&](const char* name, std::uint32_t& value, const char* what) {
    command.add_option(name, value, what)->capture_default_str();
  };
  CLI::Option* model =
      command.add_option("--model", flags->model, "Time this model as it plays, event by event");
  command.add_option("--events", flags->events, "Events to time, with --model")
      ->needs(model)
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  number("--layers", flags->layers, "Layers");
  number("--dim", flags->dim, "Width");
  number("--heads", flags->heads, "Attention heads");
  number("--kv-heads", flags->kv_heads, "Heads of keys and values; 0: as many as heads");
  number("--ff", flags->ff, "Width of the feed-forward part");
  number("--vocab", flags->vocab, "Tokens in the vocabulary");
  number("--context", flags->context, "The most tokens of a sequence");
  number("--prompt", flags->prompt, "Tokens of each prompt");
  number("--generate", flags->generate, "Tokens to generate after it");
  number("--threads", flags->threads, "Threads");
  number("--batch", flags->batch, "Sequences at once; with --model, players");
  command.add_option("--type", flags->type_name, "Type of the weights and the cache")
      ->check(CLI::IsMember({"f32", "bf16", "int8"}))
      ->capture_default_str();
  command.add_flag("--json", flags->json, "Print JSON");
  return [flags] { return bench(*flags); };
}

struct Options {
  std::string name;
  std::vector<std::string> names;
  bool json = false;
};

}  // namespace

Action models_command(CLI::App& flags) {
  flags.require_subcommand(1);
  auto options = std::make_shared<Options>();
  std::vector<std::pair<CLI::App*, Action>> actions;
  const auto add = [&](const char* name, const char* what, Action action) {
    return actions.emplace_back(flags.add_subcommand(name, what), std::move(action)).first;
  };
  add("list", "The models there are", [options] {
    return list(options->json);
  })->add_flag("--json", options->json, "Print JSON");
  CLI::App* shown = add("show", "What a model is made of",
                        [options] { return show(options->name, options->json); });
  shown->add_option("NAME", options->name, "A model's name or folder")->required();
  shown->add_flag("--json", options->json, "Print JSON");
  add("verify", "Hold the stated hashes against the files", [options] {
    return verify(options->names);
  })->add_option("NAME", options->names, "Models' names or folders (default: all)");
  CLI::App* bench = flags.add_subcommand("bench", "Time a model, or a shape with random weights");
  actions.emplace_back(bench, declare_bench(*bench));

  return [actions = std::move(actions)]() -> Status {
    for (const auto& [command, action] : actions) {
      if (command->parsed()) return action();
    }
    return Done{};
  };
}

}  // namespace antiphon::app
