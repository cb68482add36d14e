// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tokens/stream.h"

namespace antiphon::generate {

/// Holds parts to the density, polyphony or key that they were asked for, if they are to keep it,
/// or to the key that the player has moved to: what a header says is a hint to a model, which its
/// own past outweighs. Proportional controllers: the farther what was played lies from what was
/// asked for, the more is added to the logits. Density and polyphony are where they should be in
/// the middle fifth of the class, on a scale of logarithms.

/// To be added to the logits of an onset of `part` at step `now` if it has none there yet, in
/// [-10, 10]; `wish` times the density of its class is wanted.
float onset_bias(const tokens::Slot& part, const tokens::Played& played, std::int32_t now,
                 double wish = 1);

/// To be added to the logits of one more note in the onset that `part` played last.
float chord_bias(const tokens::Slot& part, const tokens::Played& played);

/// To be added to the logits of each pitch class, where AI parts have sounded as long as `played`
/// says and are to be in `key`. Nothing as long as `key` fits what was played better than every
/// other key, by a margin; else the direction in which the difference from its best rival grows
/// fastest, in [-3, 3].
music::PitchClasses key_bias(music::Key key, const music::PitchClasses& played);

}  // namespace antiphon::generate
