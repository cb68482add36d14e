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

/// How well each pitch class fits a key (the profiles of Krumhansl and Kessler 1982); the mean is 0
/// and the sum of squares 1.
PitchClasses profile_of(Key key);

/// Pearson's correlation of the weights with the profile of a key; 0 for equal weights.
double correlation(const PitchClasses& weights, Key key);

/// All keys, each by the signature with the fewest accidentals; six sharps rather than six flats.
std::span<const Key, 24> all_keys();

/// The key whose profile correlates best with the weights (Krumhansl 1990, chapter 4). Nothing
/// where all weights are equal, as in silence.
std::optional<Key> find_key(const PitchClasses& weights);

/// The key of all pitched parts together.
std::optional<Key> find_key(const Score& score);

/// Whether a pitch class belongs to the key's scale: major, or natural minor with its leading tone.
bool in_scale(Key key, int pitch_class);

}  // namespace antiphon::music
