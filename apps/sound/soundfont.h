// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"

namespace antiphon::sound {

/// A General MIDI soundfont that is installed: MuseScore's first, then whatever there is.
/// Errors: names the package that brings one.
Result<std::filesystem::path> find_soundfont();

}  // namespace antiphon::sound
