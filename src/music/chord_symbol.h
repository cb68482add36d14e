// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <string_view>

#include "base/result.h"

namespace antiphon::music {

/// Pitch classes, C first.
using PitchClassSet = std::bitset<12>;

/// The pitch classes of a chord symbol such as "C", "F#m7", "Bbmaj9", "G7b9/B", "Dø", "E7sus4" or
/// "N.C." (none). The bass is among them. What is written as an extension or alteration
/// replaces the plain fifth or ninth, as players read it.
/// Errors: what isn't a chord symbol, and from where.
Result<PitchClassSet> pitch_classes_of(std::string_view symbol);

}  // namespace antiphon::music
