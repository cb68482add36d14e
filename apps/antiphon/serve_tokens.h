// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "antiphon/commands.h"

namespace antiphon::app {

/// Where a node's certificate and tokens lie if nothing else is said.
std::filesystem::path node_folder();
/// The file of tokens there.
std::filesystem::path usual_tokens();

/// `antiphon serve tokens`: adds, lists and revokes.
Action declare_tokens(CLI::App& flags);

}  // namespace antiphon::app
