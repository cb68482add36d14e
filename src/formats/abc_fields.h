// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "music/key.h"
#include "music/meter.h"
#include "music/tempo.h"

namespace antiphon::formats {

/// Time while ABC is read: fine enough for tuplets of 2 to 10 to be exact.
inline constexpr std::int64_t abc_units_per_quarter = std::int64_t{960} * 3 * 7;

/// A key signature and what it does to notes.
struct AbcKey {
  std::optional<music::Key> key;     ///< None for K:none.
  std::array<int, 7> accidentals{};  ///< Of C, D, ... B, in semitones.
};

/// What a clef or transposition adds to written pitches, in semitones; and whether it is for drums.
struct AbcClef {
  int transpose = 0;
  int octave = 0;
  bool percussion = false;

  /// Takes the properties of `K:` and `V:`, such as clef=treble-8 or transpose=-2; others stay.
  void take(std::string_view properties);
  int semitones() const { return transpose + octave; }
};

/// How far an accidental reaches in its bar: it doesn't, its octave, or all octaves (the standard's
/// default, 2.1, section 11.3).
enum class AbcAccidentals : std::uint8_t { no, octave, pitch };

/// What holds for a voice until something else is said.
struct AbcDefaults {
  std::optional<music::Meter> meter = music::Meter();  ///< None: free meter.
  std::int64_t unit = abc_units_per_quarter / 2;       ///< L: the length of a plain note.
  bool unit_said = false;
  std::optional<music::Tempo> tempo;
  AbcKey key;
  AbcClef clef;
  int program = -1;
  AbcAccidentals accidentals = AbcAccidentals::pitch;

  /// Takes the value of M, L, Q or K.
  /// Errors: says what was expected.
  Status set(char letter, std::string_view value);
};

/// `name=value` or `name="value"` in a list of properties; nothing if it isn't there.
std::optional<std::string_view> abc_property(std::string_view properties, std::string_view name);

}  // namespace antiphon::formats
