// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "music/score.h"

namespace antiphon::formats {

/// Notes that begin and end together, as one stem carries them.
struct Chord {
  music::Ticks onset;
  music::Ticks duration;
  std::vector<music::Note> notes;

  music::Ticks end() const { return onset + duration; }
};

/// Chords one after another, none of which overlap.
using Voice = std::vector<Chord>;

/// Notation's voices of notes that may overlap: each chord goes to the first voice that is free, so
/// that there are as few as can be.
std::vector<Voice> voices_of(std::span<const music::Note> notes);

/// A span of time as a note or rest is written: its value, or an empty `type` where no value fits.
struct NoteValue {
  music::Ticks duration;
  std::string_view type;
  int dots = 0;
  bool triplet = false;
};

/// The value that lasts `duration`; or several whose sum does, to be tied; or one without a type.
std::vector<NoteValue> note_values(music::Ticks duration);

}  // namespace antiphon::formats
