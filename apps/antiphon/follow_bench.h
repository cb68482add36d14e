// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/commands.h"

namespace antiphon::app {

/// `bench follow`: how near the beat of a jam stays to players whose tempo is their own.
Action declare_follow(CLI::App& flags);

}  // namespace antiphon::app
