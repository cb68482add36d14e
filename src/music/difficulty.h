// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "music/meter.h"
#include "music/score.h"

namespace antiphon::music {

/// How hard a part is to play with two hands on a keyboard, as far as its notes tell: how fast they
/// follow, how many sound at a time, how far a hand stretches, and whether they leave the key (four
/// of the seven criteria of Sébastien, Ralambondrainy, Sébastien and Conruyt 2012; which numbers
/// make a level is our choice). Levels are 1 (first year) to 3 (advanced); 4 has no limits.
inline constexpr int limited_levels = 3;

/// What a part of a level in [1, 3] keeps to.
struct DifficultyLimits {
  int notes;      ///< That sound at a time, at most.
  int stretch;    ///< Semitones between the outer notes of each hand, at most.
  bool in_scale;  ///< No note leaves the scale of the key, where one is known.
};
DifficultyLimits limits_of(int level);

/// Whether notes of a level in [1, 3] may begin so far into a bar: on beats; on halves (in compound
/// meters thirds) of them; on quarters and thirds (sixths).
bool may_begin(int level, Ticks into_bar, Meter meter);

/// Whether two hands that each span `stretch` semitones reach all of the pitches.
bool within_reach(std::span<const int> pitches, int stretch);

/// The lowest level whose limits the part keeps, in [1, 4]. Drums have no key and no stretch.
int difficulty_of(const Score& score, const Part& part);

}  // namespace antiphon::music
