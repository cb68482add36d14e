// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "antiphon/commands.h"
#include "antiphon/misuse.h"

namespace {

// Exit statuses: 0 done, 1 it failed, 2 the command line is wrong.
constexpr int failure = 1, misuse = 2;

int run(int argc, char** argv) {
  CLI::App program{
      "Antiphon plays music with you: it accompanies a melody, goes on with a score, and measures "
      "both.",
      "antiphon"};
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
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    std::cerr << antiphon::app::explain_misuse(program, arguments, error) << '\n';
    return misuse;
  }
  if (const auto wrong = antiphon::app::explain_wrong_value(program)) {
    std::cerr << *wrong << '\n';
    return misuse;
  }
  for (const auto& [flags, action] : actions) {
    if (!flags->parsed()) continue;
    if (const antiphon::Status status = action(); !status) {
      std::cerr << "antiphon: " << status.error().message << '\n';
      return failure;
    }
  }
  if (!std::cout.flush() || std::fflush(stdout) != 0) {
    std::cerr << "antiphon: the output can't be written: " << std::strerror(errno) << '\n';
    return failure;
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
