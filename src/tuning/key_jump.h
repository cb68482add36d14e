// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "train/excerpt.h"

namespace antiphon::tuning {

/// Lets everybody move to another key in the middle of an excerpt, as no score does and players do:
/// who learns from scores alone holds on to the old key for good.
///
/// Threads: any; it has no state.
class KeyJump {
 public:
  /// The share of excerpts that jump, in [0, 1].
  explicit KeyJump(double share) : share_(share) {}

  /// `real` with all pitched notes from some quarter in its middle half on moved by one to six
  /// semitones up or down. Mostly the header's keys move some quarters later, at times never, as a
  /// listener finds out late or not at all. What comes in the first two quarters can't be foreseen
  /// and is marked as given. Comes back as it is where a pitch would leave the keyboard or meet
  /// itself.
  train::Excerpt operator()(const train::Excerpt& real, Random& random) const;

 private:
  double share_;
};

}  // namespace antiphon::tuning
