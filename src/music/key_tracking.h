// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "music/key.h"

namespace antiphon::music {

/// Hears notes one after the other and says in which key the player is now.
///
/// The forward pass of a hidden Markov model over the 24 keys: a key rarely changes from one note
/// to the next, and then to any other alike; each note is drawn from its key's profile (Temperley
/// 2007, chapter 6). A pitch that is struck again at once tells nothing new. A move to a distant
/// key is noticed after some eight notes. Touches no heap.
///
/// Threads: one.
class KeyTracker {
 public:
  KeyTracker() { forget(); }

  /// Everything heard, as if no note had come.
  void forget();
  /// The key from now on, by someone who knows. It is believed until notes say otherwise.
  void tell(Key key);
  /// A note of the player begins.
  void hear(int pitch);

  /// Nothing before the player has made any key likely. Stays until another one is far likelier.
  std::optional<Key> key() const;

 private:
  std::array<double, 24> likely_;  // Posterior by tonic, major and minor in turn; sums up to one.
  int key_ = -1;
  int last_pitch_ = -1;
};

}  // namespace antiphon::music
