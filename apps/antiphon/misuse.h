// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::app {

/// What is wrong with a command line that couldn't be read, as one sentence with the nearest right
/// word. `arguments` are without the program's name, `error` is what the parser said.
std::string explain_misuse(const CLI::App& program, const std::vector<std::string>& arguments,
                           const CLI::ParseError& error);

/// The same of one that could be read: an empty value, or a negative one where there is none.
std::optional<std::string> explain_wrong_value(const CLI::App& program,
                                               const std::string& path = "antiphon");

/// The word that `typed` was most likely meant to be; nothing where none is near.
std::optional<std::string> nearest(const std::string& typed, const std::vector<std::string>& words);

}  // namespace antiphon::app
