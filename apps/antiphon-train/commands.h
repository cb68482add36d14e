// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace antiphon::apps {

/// Each adds one subcommand, which runs when it is chosen. A command that fails says why on
/// standard error and ends the program with 1.
void add_prepare(CLI::App& app);
void add_run(CLI::App& app);
void add_export(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_bench(CLI::App& app);
void add_golden(CLI::App& app);
void add_groove(CLI::App& app);
void add_groove_evaluate(CLI::App& app);
void add_groove_export(CLI::App& app);
void add_benchmark(CLI::App& app);
void add_originality(CLI::App& app);
void add_infill(CLI::App& app);
void add_infill_evaluate(CLI::App& app);

}  // namespace antiphon::apps
