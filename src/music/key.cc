// SPDX-License-Identifier: Apache-2.0
#include "music/key.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace antiphon::music {

std::string name_of(Key key) {
  // Along the circle of fifths, from C flat major to A sharp minor.
  constexpr std::array<const char*, 18> tonics = {
      "C flat", "G flat", "D flat", "A flat",  "E flat",  "B flat",  "F",       "C",      "G", "D",
      "A",      "E",      "B",      "F sharp", "C sharp", "G sharp", "D sharp", "A sharp"};
  const int place = std::clamp(key.fifths, -7, 7) + 7 + (key.mode == Mode::minor ? 3 : 0);
  return std::string(tonics[static_cast<std::size_t>(place)]) +
         (key.mode == Mode::minor ? " minor" : " major");
}

Result<Key> parse_key(std::string_view text) {
  const Error unknown{Errc::invalid_input, "there is no key '" + std::string(text) +
                                               "'; keys are written G, F#m, Bb minor, C major"};
  // Fifths from C, by letter from A on.
  constexpr std::array<int, 7> letters = {3, 5, 0, 2, 4, -1, 1};
  if (text.empty() || text[0] < 'A' || text[0] > 'G') return unknown;
  Key key{letters[static_cast<std::size_t>(text[0] - 'A')]};
  text.remove_prefix(1);
  if (text.starts_with('#') || text.starts_with('b')) {
    key.fifths += text[0] == '#' ? 7 : -7;
    text.remove_prefix(1);
  }
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (text == "m" || text == "min" || text == "minor") {
    key.mode = Mode::minor;
    key.fifths -= 3;
  } else if (!text.empty() && text != "maj" && text != "major") {
    return unknown;
  }
  if (key.fifths < -7 || key.fifths > 7) return unknown;
  return key;
}

Key transposed(Key key, int semitones) {
  // A semitone up is seven fifths up.
  int fifths = (key.fifths + 7 * semitones) % 12;
  if (fifths > 6) fifths -= 12;
  if (fifths < -5) fifths += 12;
  return {fifths, key.mode};
}

}  // namespace antiphon::music
