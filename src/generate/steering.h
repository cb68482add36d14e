// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tokens/stream.h"

namespace antiphon::generate {

/// Holds a part to the density or polyphony that it was asked for, if it is to keep it: what a
/// header says is a hint to a model, which its own past outweighs. A proportional controller: the
/// farther what was played lies from the middle fifth of the class, on a scale of logarithms, the
/// more is added to the logits.

/// To be added to the logits of an onset of `part` at step `now` if it has none there yet, in
/// [-10, 10]; `wish` times the density of its class is wanted.
float onset_bias(const tokens::Slot& part, const tokens::Played& played, std::int32_t now,
                 double wish = 1);

/// To be added to the logits of one more note in the onset that `part` played last.
float chord_bias(const tokens::Slot& part, const tokens::Played& played);

}  // namespace antiphon::generate
