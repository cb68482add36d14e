// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Prepares corpora for Antiphon's models and trains them.", "antiphon-train"};
  app.require_subcommand(1);
  antiphon::apps::add_prepare(app);
  antiphon::apps::add_run(app);
  antiphon::apps::add_export(app);
  antiphon::apps::add_evaluate(app);
  antiphon::apps::add_bench(app);
  antiphon::apps::add_golden(app);
  antiphon::apps::add_groove(app);
  antiphon::apps::add_groove_evaluate(app);
  antiphon::apps::add_groove_export(app);
  antiphon::apps::add_benchmark(app);
  antiphon::apps::add_originality(app);
  antiphon::apps::add_infill(app);
  antiphon::apps::add_infill_evaluate(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
