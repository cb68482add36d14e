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

}  // namespace antiphon::music
