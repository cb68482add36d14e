// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/messages.h"
#include "edge/player.h"

namespace antiphon::app {

/// What `--control BAR:NAME=VALUE` asks for, sorted by step. `meters` are the jam's.
/// Errors: name the flag and which of the three is wrong.
Result<std::vector<edge::TimedControl>> parse_controls(
    std::span<const std::string> texts, std::span<const tokens::GridChange<music::Meter>> meters);

/// Which control changes do the same: those of `--cc NAME=NUMBER`, else the usual ones.
Result<edge::ControlChanges> parse_control_changes(std::span<const std::string> texts);

}  // namespace antiphon::app
