// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/commands.h"

namespace antiphon::app {

/// `bench controls`: what a model is asked for, and what comes.
Action declare_controls(CLI::App& flags);

}  // namespace antiphon::app
