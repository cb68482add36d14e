// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <new>
#include <vector>

#include "antiphon/commands.h"

namespace {

// Exit statuses: 0 done, 1 it failed, 2 the command line is wrong.
constexpr int failure = 1, misuse = 2;

int run(int argc, char** argv) {
  CLI::App program{"Antiphon plays music with you.", "antiphon"};
  program.set_version_flag("--version", ANTIPHON_VERSION);
  program.require_subcommand(1);
  std::vector<std::pair<CLI::App*, antiphon::app::Action>> actions;
  for (const antiphon::app::Command& command : antiphon::app::commands()) {
    CLI::App* flags = program.add_subcommand(command.name, command.summary);
    actions.emplace_back(flags, command.declare(*flags));
  }

  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return program.exit(help);
  } catch (const CLI::ParseError& error) {
    std::cerr << "antiphon: " << error.what() << " (antiphon --help lists what there is)\n";
    return misuse;
  }
  for (const auto& [flags, action] : actions) {
    if (!flags->parsed()) continue;
    if (const antiphon::Status status = action(); !status) {
      std::cerr << "antiphon: " << status.error().message << '\n';
      return failure;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::cerr << "antiphon: out of memory\n";
  } catch (const std::exception& error) {
    std::cerr << "antiphon: " << error.what() << '\n';
  }
  return failure;
}
