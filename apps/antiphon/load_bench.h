// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/commands.h"

namespace antiphon::app {

/// `bench load`: how many players a node holds.
Action declare_load(CLI::App& flags);

}  // namespace antiphon::app
