// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/commands.h"

namespace antiphon::app {

/// `bench attack`: what a node could read out of the activations that a split by layers sends it,
/// and what noise against that costs.
Action declare_attack(CLI::App& flags);

}  // namespace antiphon::app
