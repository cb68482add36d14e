// SPDX-License-Identifier: Apache-2.0
#include "train/prepare.h"

#include <memory>
#include <thread>

#include "commands.h"
#include "options.h"

namespace antiphon::apps {

void add_prepare(CLI::App& app) {
  auto options = std::make_shared<train::PrepareOptions>();
  options->jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  CLI::App* command = app.add_subcommand("prepare", "Make shards and ledgers of corpora");
  command->add_option("corpora", options->corpora, "Folder with a folder a corpus")->required();
  command->add_option("-o,--out", options->shards, "Where the shards go")->required();
  command->add_option("--held-out", options->held_out, "List of CORPUS/path never trained on");
  command->add_option("--only", options->only, "Corpora to take, separated by commas")
      ->delimiter(',');
  command->add_option("--jobs", options->jobs, "Files read at once")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->callback([options] {
    const Status status = train::prepare(*options, say);
    if (!status) fail(status.error().message);
  });
}

}  // namespace antiphon::apps
