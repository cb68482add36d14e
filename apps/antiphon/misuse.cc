// SPDX-License-Identifier: Apache-2.0
#include "antiphon/misuse.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>
#include <utility>

namespace antiphon::app {
namespace {

/// Letters to change, add, leave out or swap with a neighbour (Damerau 1964, adjacent swaps once).
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// What CLI11 takes for a value and is none; empty if there is nothing of the kind.
std::string wrong_value(const CLI::Option& option) {
  const bool counts = option.get_type_name().starts_with("UINT");
  for (const std::string& value : option.results()) {
    if (value.empty()) return option.get_name() + ": expected a value, got none";
    std::uint64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, number);
    if (counts && (read.ec != std::errc() || read.ptr != end)) {
      return option.get_name() + ": expected a whole number of at most " +
             std::to_string(UINT64_MAX) + ", got " + value;
    }
  }
  return "";
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

bool is_flag(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-' &&
         std::isdigit(static_cast<unsigned char>(argument[1])) == 0 && argument[1] != '.';
}

std::string suggestion(const std::string& typed, const std::vector<std::string>& words) {
  const auto word = nearest(typed, words);
  return word ? "; did you mean " + *word + "?" : "";
}

}  // namespace

std::optional<std::string> nearest(const std::string& typed,
                                   const std::vector<std::string>& words) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& word : words) {
    const std::size_t distance = edit_distance(typed, word);
    if (distance < best_distance) best = word, best_distance = distance;
  }
  return best;
}

std::string explain_misuse(const CLI::App& program, const std::vector<std::string>& arguments,
                           const CLI::ParseError& error) {
  const CLI::App* command = &program;
  std::string path = "antiphon";
  bool is_value = false;  // Of the flag before.
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (std::exchange(is_value, false) && !is_flag(argument)) continue;
    if (is_flag(argument)) {
      std::string flag = argument.substr(0, argument.find('='));
      if (flag[1] != '-') flag.resize(2);  // A value may follow a short flag at once.
      const auto flags = flags_of(*command);
      if (std::find(flags.begin(), flags.end(), flag) == flags.end()) {
        return path + " has no flag " + flag + suggestion(flag, flags) + " (" + path +
               " --help lists them)";
      }
      is_value = argument == flag && command->get_option(flag)->get_items_expected_max() > 0;
      continue;
    }
    const auto names = commands_of(*command);
    if (names.empty()) continue;  // What follows are files and values.
    if (std::find(names.begin(), names.end(), argument) == names.end()) {
      return path + " has no command " + argument + suggestion(argument, names) + " (" + path +
             " --help lists them)";
    }
    command = command->get_subcommand(argument);
    path += " " + argument;
  }
  if (command->get_require_subcommand_min() > 0) {
    return path + ": a command is missing (" + path + " --help lists them)";
  }
  return path + ": " + error.what() + " (" + path + " --help says more)";
}

std::optional<std::string> explain_wrong_value(const CLI::App& program, const std::string& path) {
  for (const CLI::Option* option : program.get_options()) {
    const std::string wrong = wrong_value(*option);
    if (!wrong.empty()) return path + ": " + wrong + " (" + path + " --help says more)";
  }
  for (const CLI::App* command : program.get_subcommands()) {
    if (auto wrong = explain_wrong_value(*command, path + " " + command->get_name())) return wrong;
  }
  return std::nullopt;
}

}  // namespace antiphon::app
