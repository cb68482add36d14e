// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace antiphon::music {

enum class Mode { major, minor };

/// A key signature and its mode. `fifths` counts sharps (positive) or flats (negative), in [-7, 7].
struct Key {
  int fifths = 0;
  Mode mode = Mode::major;

  /// Pitch class of the tonic, 0 = C.
  int tonic() const { return ((fifths * 7 + (mode == Mode::minor ? 9 : 0)) % 12 + 12) % 12; }

  friend bool operator==(Key, Key) = default;
};

/// "F sharp minor".
std::string name_of(Key key);

/// The key so many semitones up, with the fewest signs; six sharps rather than six flats.
Key transposed(Key key, int semitones);

/// A key as musicians write it: "G", "F#m", "Bb minor", "C major". Errors: no such key.
Result<Key> parse_key(std::string_view text);

}  // namespace antiphon::music
