// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "commands.h"
#include "curve.h"
#include "options.h"
#include "train/infill_data.h"
#include "train/trainer.h"

namespace antiphon::apps {
namespace {

struct Flags {
  DeviceFlags device;
  std::string data;
  std::uint32_t hidden = 256;
  train::Shape shape = train::infill_shape();
  train::RunOptions run;
};

train::Lessons lessons_of(const train::Dataset& data, const std::string& from) {
  if (!train::has_windows(data, train::infill_frames)) {
    fail(from + ": no piece has a window of notes on the sixteenths");
  }
  return {[&data](std::int64_t rows, Random& random) {
            return train::draw_infill_batch(data, rows, train::infill_frames, random);
          },
          std::to_string(data.pieces().size()) + " pieces"};
}

void infill(Flags& flags) {
  keep_freed_memory();
  flags.device.apply();
  flags.shape.head_dim = flags.shape.dim / flags.shape.heads;
  flags.shape.kv_heads = flags.shape.heads;
  flags.shape.rotary.index_pairs = flags.shape.head_dim / 2;
  flags.run.shape = train::with_voice_grid(flags.shape, flags.hidden);
  flags.run.product = flags.device.product();
  flags.run.device = flags.device.device();
  const auto data = train::Dataset::read(flags.data, "train");
  if (!data) fail(data.error().message);
  const auto validation = train::Dataset::read(flags.data, "validation");
  if (!validation) fail(validation.error().message);
  const train::Lessons lessons = lessons_of(*data, flags.data);
  const train::Lessons held = lessons_of(*validation, flags.data);
  stop_on_interrupt();
  const Status status = train::run(flags.run, lessons, &held, interrupted, say);
  if (!status) fail(status.error().message);
  const Status drawn = draw_curve(flags.run.checkpoint);
  if (!drawn) say("no picture of the curve: " + drawn.error().message);
}

}  // namespace

void add_infill(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  train::RunOptions& run = flags->run;
  run.sequences = 32;
  CLI::App* command = app.add_subcommand(
      "infill", "Train the model that fills in what is missing; Ctrl-C saves and ends");
  command->add_option("--data", flags->data, "Folder of shards")->required();
  command->add_option("-o,--out", run.checkpoint, "Folder of the checkpoint and curve")->required();
  command->add_flag("--resume", run.resume, "Go on from the checkpoint, if there is one");
  flags->device.add(*command);
  command->add_option("--dim", flags->shape.dim, "Width")->capture_default_str();
  command->add_option("--layers", flags->shape.layers)->capture_default_str();
  command->add_option("--heads", flags->shape.heads)
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--ff", flags->shape.ff, "Width of the feed-forward layers")
      ->capture_default_str();
  command->add_option("--hidden", flags->hidden, "Units of a voice's head")->capture_default_str();
  command->add_option("--minutes", run.minutes, "How long; the rate falls to its end by then");
  command->add_option("--steps", run.steps, "End after so many steps");
  command->add_option("--batch", run.sequences, "Windows a step")->capture_default_str();
  command->add_option("--lr", run.learning_rate, "Peak learning rate")->capture_default_str();
  command->add_option("--warmup", run.warmup, "Steps up to the peak")->capture_default_str();
  command->add_option("--seed", run.seed)->capture_default_str();
  command->add_option("--checkpoint-minutes", run.checkpoint_minutes)->capture_default_str();
  command->add_option("--validate-minutes", run.validate_minutes)->capture_default_str();
  command->callback([flags] { infill(*flags); });
}

}  // namespace antiphon::apps
