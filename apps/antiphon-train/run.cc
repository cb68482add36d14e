// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>

#include "commands.h"
#include "curve.h"
#include "generate/net_model.h"
#include "options.h"
#include "train/begin.h"
#include "train/dataset.h"
#include "train/engine_score.h"
#include "train/trainer.h"
#include "tuning/key_jump.h"
#include "tuning/roll_in.h"

namespace antiphon::apps {
namespace {

struct RunFlags {
  std::filesystem::path roll_in;
  double jumps = 0;
  ShapeFlags shape;
  DeviceFlags device;
  std::string data;
  std::string schedule = "cosine";
  std::string optimizer = "muon";
  train::Layout layout = train::Layout::compound;
  train::RunOptions run;
};

void run(RunFlags& flags, const CLI::App& command) {
  keep_freed_memory();
  if (flags.run.replicas == 0)
    flags.run.replicas = flags.device.name == "cpu" ? flags.device.threads : 1;
  if (flags.run.replicas > 1) flags.device.threads = 1;
  flags.device.apply();
  flags.run.shape = flags.shape.shape(flags.layout);
  flags.run.product = flags.device.product();
  flags.run.device = flags.device.device();
  flags.run.optimizer.muon = flags.optimizer == "muon";
  flags.run.optimizer.threads = flags.run.replicas;
  flags.run.schedule = flags.schedule == "wsd" ? train::Schedule::wsd : train::Schedule::cosine;
  if (!flags.run.from.empty()) {
    const auto shape = train::shape_to_begin_with(flags.run.from);
    if (!shape) fail(shape.error().message);
    flags.run.shape = *shape;
    if (command.count("--layers") > 0) flags.run.shape.layers = flags.shape.layers;
    if (command.count("--context") > 0) flags.run.shape.context = flags.shape.context;
  }
  if (flags.jumps > 0) flags.run.change = tuning::KeyJump(flags.jumps);
  std::unique_ptr<generate::EventModel> player;
  if (!flags.roll_in.empty()) {
    const auto loaded = is_directory(flags.roll_in)
                            ? train::load_exported(flags.roll_in)
                            : train::load_for_engine(flags.roll_in, nn::Type::i8);
    if (!loaded) fail(loaded.error().message);
    if (loaded->layout != train::Layout::compound) fail("--roll-in: only compound models play");
    player = generate::make_event_model(loaded->net);
    tuning::RollIn roll_in(*player, generate::Sampling{.temperature = 0.95, .top_p = 0.95});
    flags.run.change = [jump = tuning::KeyJump(flags.jumps), roll_in](const train::Excerpt& real,
                                                                      Random& random) mutable {
      return roll_in(jump(real, random), random);
    };
  }
  const auto data = train::Dataset::read(flags.data, "train");
  if (!data) fail(data.error().message);
  const auto validation = train::Dataset::read(flags.data, "validation");
  if (!validation) say(validation.error().message + "; goes on without validation");
  stop_on_interrupt();
  const Status status =
      train::run(flags.run, *data, validation ? &*validation : nullptr, interrupted, say);
  if (!status) fail(status.error().message);
  const Status drawn = draw_curve(flags.run.checkpoint);
  if (!drawn) say("no picture of the curve: " + drawn.error().message);
}

}  // namespace

void add_run(CLI::App& app) {
  auto flags = std::make_shared<RunFlags>();
  train::RunOptions& run_options = flags->run;
  CLI::App* command = app.add_subcommand("run", "Train a model; Ctrl-C saves and ends");
  command->add_option("--data", flags->data, "Folder of shards")->required();
  command->add_option("--checkpoint", run_options.checkpoint, "Folder of the checkpoint and curve")
      ->required();
  command->set_config("--config", "", "Flags from a file, `name = value` a line");
  flags->shape.add(*command);
  flags->device.add(*command);
  const std::map<std::string, train::Layout> layouts = {{"compound", train::Layout::compound},
                                                        {"flat", train::Layout::flat},
                                                        {"flat-told", train::Layout::flat_told}};
  command->add_option("--layout", flags->layout, "How events become steps: docs/events.md")
      ->transform(CLI::CheckedTransformer(layouts, CLI::ignore_case))
      ->option_text("compound|flat|flat-told");
  command
      ->add_option("--from", run_options.from,
                   "A checkpoint or a model's folder that it begins with; --layers and --context "
                   "may ask for more")
      ->check(CLI::ExistingPath);
  command
      ->add_option("--teacher", run_options.teacher,
                   "A checkpoint or a model's folder whose expectations are learned too "
                   "(distillation)")
      ->check(CLI::ExistingPath);
  command->add_option("--taught", run_options.taught, "The share of the teacher's word")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--roll-in", flags->roll_in,
                   "A checkpoint or a model's folder that plays stretches of what is learned from: "
                   "tuning for living")
      ->check(CLI::ExistingPath);
  command
      ->add_option("--jumps", flags->jumps,
                   "Share of excerpts that move to another key midway: tuning for living")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_flag("--resume", run_options.resume, "Go on from the checkpoint, if there is one");
  command->add_option("--steps", run_options.steps, "End after so many steps");
  command->add_option("--minutes,--time-limit", run_options.minutes,
                      "End after so long; the rate falls to its end by then");
  command->add_option("--batch", run_options.sequences, "Rows a step")->capture_default_str();
  command->add_option("--length", run_options.length, "Steps a row; 0: the context")
      ->check(CLI::Range(0, 65536))
      ->capture_default_str();
  run_options.replicas = 0;
  command
      ->add_option("--replicas", run_options.replicas,
                   "Copies of the model, one thread each; 0: as many as threads on a CPU")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command->add_option("--lr", run_options.learning_rate, "Peak learning rate")
      ->capture_default_str();
  command->add_option("--warmup", run_options.warmup, "Steps up to the peak")
      ->capture_default_str();
  command->add_option("--schedule", flags->schedule)
      ->check(CLI::IsMember({"cosine", "wsd"}))
      ->capture_default_str();
  command->add_option("--optimizer", flags->optimizer, "Muon for the layers' matrices, or not")
      ->check(CLI::IsMember({"muon", "adamw"}))
      ->capture_default_str();
  command->add_option("--decay", run_options.optimizer.decay, "Weight decay of matrices")
      ->capture_default_str();
  command->add_option("--clip", run_options.optimizer.clip, "Largest norm of the gradient")
      ->capture_default_str();
  command->add_option("--seed", run_options.seed)->capture_default_str();
  command->add_option("--checkpoint-minutes", run_options.checkpoint_minutes)
      ->capture_default_str();
  command->add_option("--validate-minutes", run_options.validate_minutes)->capture_default_str();
  command->add_option("--report-steps", run_options.report_steps)
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->callback([flags, command] { run(*flags, *command); });
}

}  // namespace antiphon::apps
