// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"

namespace antiphon::sound {

/// A General MIDI soundfont that is installed: MuseScore's first, then whatever there is.
/// Errors: names the package that brings one.
Result<std::filesystem::path> find_soundfont();

/// That a file can be opened and starts as a soundfont does. FluidSynth's other loaders print what
/// they think of files that don't. Errors: says which file, and what it isn't.
Status check_soundfont(const std::filesystem::path& path);

}  // namespace antiphon::sound
