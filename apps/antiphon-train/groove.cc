// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <map>
#include <memory>

#include "base/file.h"
#include "commands.h"
#include "options.h"
#include "train/groove_export.h"
#include "train/groove_trainer.h"

namespace antiphon::apps {
namespace {

struct Flags {
  std::string data;
  int threads = 1;
  train::GrooveOptions options;
};

void groove(const Flags& flags) {
  at::set_num_threads(flags.threads);
  const auto corpus = train::GrooveCorpus::read(flags.data);
  if (!corpus) fail(corpus.error().message);
  stop_on_interrupt();
  const Status status = train::train_groove(flags.options, *corpus, interrupted, say);
  if (!status) fail(status.error().message);
}

struct ExportFlags {
  std::filesystem::path run, out, data;
  std::string type = "int8";
};

Status export_run(const ExportFlags& flags) {
  const auto corpus = train::GrooveCorpus::read(flags.data);
  if (!corpus) return corpus.error();
  const std::map<std::string, std::string> facts = {
      {"model", flags.out.filename().string()},
      {"model_version", "1"},
      {"licence", "CC-BY-4.0"},
      {"data", "Groove MIDI data set 1.0.0 (Google Magenta), its training split"}};
  ANTIPHON_CHECK(train::export_groove(flags.run / "best.safetensors", flags.out,
                                      *nn::type_named(flags.type), facts));
  ANTIPHON_TRY(const Bytes curve, read_file(flags.run / "curve.csv", 1 << 24));
  ANTIPHON_CHECK(write_file(flags.out / "curve.csv", curve));
  return write_file(flags.out / "ledger.tsv", corpus->ledger());
}

}  // namespace

void add_groove_export(CLI::App& app) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command =
      app.add_subcommand("groove-export", "Make a model folder of a groove's training run");
  command->add_option("run", flags->run, "The folder of the run")->required();
  command->add_option("-o,--out", flags->out, "The folder, such as models/groove")->required();
  command->add_option("--data", flags->data, "What it was trained on, for the ledger")->required();
  command->add_option("--type", flags->type, "What matrices are stored in")
      ->check(CLI::IsMember({"f32", "bf16", "int8"}))
      ->capture_default_str();
  command->callback([flags] {
    if (const Status status = export_run(*flags); !status) fail(status.error().message);
  });
}

void add_groove(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  train::GrooveOptions& options = flags->options;
  CLI::App* command =
      app.add_subcommand("groove", "Train a GAN of drum patterns; Ctrl-C saves and ends");
  command->add_option("--data", flags->data, "The Groove MIDI data set, with info.csv")->required();
  command->add_option("-o,--out", options.out, "Folder of the checkpoint, curve and best weights")
      ->required();
  command->add_option("--minutes", options.minutes, "End after so long; the rate falls by then")
      ->capture_default_str();
  command->add_flag("--resume", options.resume, "Go on from the checkpoint, if there is one");
  command->add_option("--seed", options.seed)->capture_default_str();
  command->add_option("--batch", options.batch, "Patterns a step")
      ->check(CLI::Range(2, 65536))
      ->capture_default_str();
  command->add_option("--latent", options.latent, "Free numbers")->capture_default_str();
  command->add_option("--hidden", options.hidden, "Width of the layers")->capture_default_str();
  command->add_option("--layers", options.layers, "Hidden layers of each part")
      ->capture_default_str();
  command->add_option("--lr", options.rate, "The generator's learning rate")->capture_default_str();
  command->add_option("--critic-lr", options.critic_rate, "The critic's")->capture_default_str();
  command->add_option("--penalty", options.penalty, "Weight of the critic's slope")
      ->capture_default_str();
  command
      ->add_option("--reconstruction", options.reconstruction,
                   "Weight of the evidence bound; 0: a GAN alone")
      ->capture_default_str();
  command->add_option("--touch", options.touch, "Weight of the distance of velocities and offsets")
      ->capture_default_str();
  command
      ->add_option("--spread", options.spread,
                   "Weight of how each drum's velocities and offsets are spread")
      ->capture_default_str();
  command->add_option("--plane", options.plane, "Weight of the place on the plane")
      ->capture_default_str();
  command->add_option("--validate-minutes", options.validate_minutes)->capture_default_str();
  command->add_option("--threads", flags->threads)
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->callback([flags] { groove(*flags); });
}

}  // namespace antiphon::apps
