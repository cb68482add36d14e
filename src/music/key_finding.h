// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>

#include "music/key.h"
#include "music/score.h"

namespace antiphon::music {

/// A weight for each pitch class, 0 = C.
using PitchClasses = std::array<double, 12>;

/// How long each pitch class sounds, in quarters.
PitchClasses pitch_classes(std::span<const Note> notes);

/// The key whose profile correlates best with the weights (Krumhansl 1990, chapter 4; the profiles
/// are those of Krumhansl and Kessler 1982). Nothing where all weights are equal, as in silence.
std::optional<Key> find_key(const PitchClasses& weights);

/// The key of all pitched parts together.
std::optional<Key> find_key(const Score& score);

/// Whether a pitch class belongs to the key's scale: major, or natural minor with its leading tone.
bool in_scale(Key key, int pitch_class);

}  // namespace antiphon::music
