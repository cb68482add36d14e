// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "music/key.h"
#include "music/meter.h"
#include "music/tempo.h"
#include "music/ticks.h"

namespace antiphon::music {

/// One sounding note; tied notes are one. `pitch` and `velocity` are MIDI's, 0 to 127 and 1 to 127.
/// Grace notes have the duration that they are played with.
struct Note {
  Ticks onset;
  Ticks duration;
  std::uint8_t pitch = 60;
  std::uint8_t velocity = default_velocity;

  /// What a note gets when the source says nothing of loudness.
  static constexpr std::uint8_t default_velocity = 80;

  Ticks end() const { return onset + duration; }
  friend auto operator<=>(const Note&, const Note&) = default;
};

/// A syllable or line sung at a point of time. `verse` counts from 1.
struct Lyric {
  Ticks at;
  int verse = 1;
  std::string text;
  friend bool operator==(const Lyric&, const Lyric&) = default;
};

/// A player's line. Notes are sorted by onset, then pitch.
struct Part {
  std::string name;
  std::uint8_t program = 0;       ///< General MIDI, 0 to 127; for drums the kit.
  bool drums = false;             ///< Pitches are General MIDI percussion keys.
  bool velocities_known = false;  ///< False where every velocity is the default one.
  std::vector<Note> notes;
  std::vector<Lyric> lyrics;

  friend bool operator==(const Part&, const Part&) = default;
};

/// A chord symbol as written, such as "Am7/G"; `duration` is not kept, a symbol holds until the
/// next.
struct ChordSymbol {
  Ticks at;
  std::string text;
  friend bool operator==(const ChordSymbol&, const ChordSymbol&) = default;
};

template <class T>
struct Change {
  Ticks at;
  T value;
  friend bool operator==(const Change&, const Change&) = default;
};

/// The last of some changes, in the order of time, that isn't after `at`; null if there is none.
template <class Changes, class Time>
const typename Changes::value_type* change_at(const Changes& changes, Time at) {
  const typename Changes::value_type* found = nullptr;
  for (const auto& change : changes) {
    if (change.at > at) break;
    found = &change;
  }
  return found;
}

/// A piece as the file said it. All lists are sorted by time; the maps may be empty, and then 120
/// quarters a minute, 4/4 and no known key hold from the start.
struct Score {
  std::string title;
  std::string composer;
  std::vector<Change<Tempo>> tempos;
  std::vector<Change<Meter>> meters;
  std::vector<Change<Key>> keys;
  std::vector<ChordSymbol> chords;
  std::vector<Part> parts;

  friend bool operator==(const Score&, const Score&) = default;
};

/// The end of the last note; zero for a score without notes.
Ticks end_of(const Score& score);

/// Sorts every list and joins nothing: what each reader calls once, last.
void sort(Score& score);

/// Removes overlaps of one pitch within a part: a note that is struck again ends there, and of
/// equal onsets the longest stays. MIDI and the models know one voice a pitch.
void separate_unisons(Part& part);

/// Host time of a tick under the tempo map, from the start of the score.
std::chrono::nanoseconds time_of(const Score& score, Ticks at);

/// A bar of the score: where it starts and its meter. The last bar is the one that holds `end_of`.
struct Bar {
  Ticks start;
  Meter meter;
};

/// The bars from the start to the end of the last note. A change of meter inside a bar starts a new
/// one. At most `max_bars`, which bounds what a hostile file can ask for.
std::vector<Bar> bars_of(const Score& score, std::size_t max_bars = 100000);

}  // namespace antiphon::music
