// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "commands.h"
#include "options.h"
#include "tuning/tuner.h"

namespace antiphon::apps {
namespace {

struct TuneFlags {
  DeviceFlags device;
  std::string data;
  tuning::TuneOptions tune;
};

void tune(TuneFlags& flags) {
  keep_freed_memory();
  flags.device.apply();
  flags.tune.product = flags.device.product();
  const auto data = train::Dataset::read(flags.data, "train");
  if (!data) fail(data.error().message);
  const auto validation = train::Dataset::read(flags.data, "validation");
  if (!validation) fail(validation.error().message);
  stop_on_interrupt();
  const Status status = tuning::tune(flags.tune, *data, *validation, interrupted, say);
  if (!status) fail(status.error().message);
}

}  // namespace

void add_tune(CLI::App& app) {
  auto flags = std::make_shared<TuneFlags>();
  tuning::TuneOptions& tune_options = flags->tune;
  CLI::App* command = app.add_subcommand(
      "tune", "Tune a trained model on its own live playing; Ctrl-C saves and ends");
  command->add_option("--data", flags->data, "Folder of shards")->required();
  command->add_option("--from", tune_options.from, "Checkpoint of the trained model")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--checkpoint", tune_options.checkpoint, "Folder of the checkpoint and curve")
      ->required();
  flags->device.add(*command);
  command->add_flag("--resume", tune_options.resume, "Go on from the checkpoint, if there is one");
  command->add_option("--steps", tune_options.steps, "End after so many steps");
  command->add_option("--minutes", tune_options.minutes, "End after so long");
  command->add_option("--scenes", tune_options.scenes, "Scenes a step")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--lives", tune_options.lives, "Times that each scene is played")
      ->check(CLI::Range(2, 256))
      ->capture_default_str();
  command->add_option("--lr", tune_options.learning_rate, "Learning rate")->capture_default_str();
  command
      ->add_option("--divergence", tune_options.divergence,
                   "Marks lost for a nat a note that the model has moved away")
      ->capture_default_str();
  command
      ->add_option("--likelihood", tune_options.likelihood,
                   "Weight of the likelihood of pieces as they are written")
      ->capture_default_str();
  command->add_option("--discount", tune_options.discount, "What the next span counts")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--temperature", tune_options.sampling.temperature)->capture_default_str();
  command->add_option("--top-p", tune_options.sampling.top_p)->capture_default_str();
  command->add_option("--seed", tune_options.seed)->capture_default_str();
  command->callback([flags] { tune(*flags); });
}

}  // namespace antiphon::apps
