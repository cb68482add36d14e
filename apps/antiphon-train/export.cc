// SPDX-License-Identifier: Apache-2.0
#include "train/export.h"

#include <map>
#include <memory>

#include "commands.h"
#include "curve.h"
#include "options.h"
#include "train/golden.h"
#include "train/groove_export.h"

namespace antiphon::apps {

void add_export(CLI::App& app) {
  struct Options {
    std::string checkpoint, out, type = "int8", name, version = "1", licence = "not stated", data;
    train::Mixed mixed;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("export", "Make a model folder of a checkpoint");
  command->add_option("checkpoint", options->checkpoint, "A last.safetensors of `run`")->required();
  command->add_option("-o,--out", options->out, "The folder, such as models/duet-edge")->required();
  command->add_option("--type", options->type, "What matrices are stored in")
      ->check(CLI::IsMember({"f32", "bf16", "int8"}))
      ->capture_default_str();
  command->add_option("--name", options->name, "The model's name; by default the folder's");
  command->add_option("--model-version", options->version)->capture_default_str();
  command->add_option("--licence", options->licence, "Of the weights, such as CC-BY-4.0")
      ->capture_default_str();
  command->add_option("--data", options->data, "What it was trained on, in a sentence");
  auto* const mix = command
                        ->add_option("--mix", options->mixed.checkpoint,
                                     "Another checkpoint: the weights are a mean of both")
                        ->check(CLI::ExistingFile);
  command->add_option("--share", options->mixed.share, "Of the other one, in that mean")
      ->check(CLI::Range(0.0, 1.0))
      ->needs(mix);
  command->callback([options] {
    std::map<std::string, std::string> facts;
    facts["model"] = options->name.empty() ? std::filesystem::path(options->out).filename().string()
                                           : options->name;
    facts["model_version"] = options->version;
    facts["licence"] = options->licence;
    if (!options->data.empty()) facts["data"] = options->data;
    const Status status = train::export_model(
        options->checkpoint, options->out, *nn::type_named(options->type), facts, options->mixed);
    if (!status) fail(status.error().message);
    const Status copied =
        copy_curve(std::filesystem::path(options->checkpoint).parent_path(), options->out);
    if (!copied) say("no picture of the curve: " + copied.error().message);
  });
}

void add_golden(CLI::App& app) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("golden", "Write what libtorch computes, for the engine's tests");
  command->add_option("-o,--out", *folder, "The folder, such as tests/data/nn")->required();
  command->callback([folder] {
    for (const auto& [name, shape] : {std::pair{"golden", train::golden_shape()},
                                      std::pair{"golden_plain", train::golden_plain_shape()},
                                      std::pair{"golden_lstm", train::golden_lstm_shape()}}) {
      const Status status = train::write_golden(shape, 20240229, *folder, name);
      if (!status) fail(status.error().message);
    }
    const Status masked =
        train::write_golden(train::golden_masked_shape(), 20240229,
                            std::filesystem::path(*folder) / "masked", "golden_masked");
    if (!masked) fail(masked.error().message);
    const Status status = train::write_groove_golden(std::filesystem::path(*folder) / "groove",
                                                     "golden_groove", 20240229);
    if (!status) fail(status.error().message);
  });
}

}  // namespace antiphon::apps
