// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>

#include "base/result.h"

/// The program `antiphon`: one file a subcommand.
namespace antiphon::app {

/// What runs once a subcommand's flags are read. Its error is printed as one sentence.
using Action = std::function<Status()>;

/// A subcommand. `declare` adds its flags and gives back what it does with them.
struct Command {
  const char* name;
  const char* summary;
  Action (*declare)(CLI::App& flags);
};

/// Every subcommand, in the order of the help.
std::span<const Command> commands();

Action accompany_command(CLI::App& flags);
Action bench_command(CLI::App& flags);
Action atlas_command(CLI::App& flags);
Action continue_command(CLI::App& flags);
Action convert_command(CLI::App& flags);
Action evaluate_command(CLI::App& flags);
Action groove_command(CLI::App& flags);
Action harmonize_command(CLI::App& flags);
Action humanize_command(CLI::App& flags);
Action infill_command(CLI::App& flags);
Action jam_command(CLI::App& flags);
Action models_command(CLI::App& flags);
Action render_command(CLI::App& flags);
Action serve_command(CLI::App& flags);
Action show_command(CLI::App& flags);

}  // namespace antiphon::app
