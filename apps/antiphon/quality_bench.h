// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/commands.h"

namespace antiphon::app {

/// `bench quality`: how a model's accompaniments compare with those of people, and what living
/// costs them.
Action declare_quality(CLI::App& flags);

}  // namespace antiphon::app
