// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/abc_fields.h"
#include "formats/musicxml_order.h"
#include "music/score.h"

namespace antiphon::formats {

/// A voice of an ABC tune: what is written is collected bar by bar, then played with its repeats.
class AbcVoice {
 public:
  explicit AbcVoice(const AbcDefaults& defaults) : state_(defaults) {}

  /// The tune's header is over: what it says of meter, key, unit and tempo holds from here.
  void start(const AbcDefaults& defaults);
  /// M, L, Q or K in mid-tune.
  Status set(char letter, std::string_view value);
  /// The properties of a V: line.
  void set_properties(std::string_view properties);
  void set_program(int program) { state_.program = program; }

  /// A run of music code without inline fields.
  Status music(std::string_view text);
  void end_line() { line_ended_ = true; }
  /// A w: line, for the notes of the line of music before it.
  void words(std::string_view text);

  bool empty() const { return notes_ == 0; }

  struct Played {
    music::Part part;
    std::vector<music::Change<music::Tempo>> tempos;
    std::vector<music::Change<music::Meter>> meters;
    std::vector<music::Change<music::Key>> keys;
    std::vector<music::ChordSymbol> chords;
    std::set<std::string> dropped;
  };
  /// Everything in the order in which it sounds. `budget` is how many items may still be played; it
  /// is what bounds repeats of repeats.
  Result<Played> play(std::size_t& budget) const;

 private:
  struct Pitch {
    int midi;
    bool tied;
  };
  // A note, chord or rest; or a change that takes no time.
  struct Item {
    std::int64_t duration = 0;  // Units.
    std::vector<Pitch> pitches;
    std::vector<std::vector<int>> grace;
    std::vector<std::pair<int, std::string>> lyrics;  // Verse and syllable.
    std::string chord;
    bool overlay = false;     // &: back to the start of the bar.
    bool whole_bars = false;  // Z: `duration` counts bars.
    std::optional<music::Tempo> tempo;
    std::optional<music::Meter> meter;
    std::optional<music::Key> key;
  };
  struct Bar {
    std::vector<Item> items;
    BarFlow flow;
  };

  // Scanners: each takes what it reads off the front of `text`.
  Status note_or_chord(std::string_view& text);
  Result<Pitch> pitch(std::string_view& text);
  std::int64_t length(std::string_view& text);
  Status grace(std::string_view& text);
  Status tuplet(std::string_view& text);
  bool bar_line(std::string_view& text);
  void rest(std::string_view& text);
  void broken_rhythm(std::string_view& text);

  void add(Item item);
  Bar& bar();
  void next_bar() { bars_.emplace_back(); }

  AbcDefaults state_;
  std::string name_;
  std::vector<Bar> bars_;
  std::size_t notes_ = 0;
  std::size_t items_ = 0;
  std::set<std::string> dropped_;
  bool ending_open_ = false;

  std::map<std::pair<int, int>, int> bar_accidentals_;  // By step and octave, until the bar line.
  std::vector<std::vector<int>> pending_grace_;
  std::string pending_chord_;
  std::int64_t tuplet_from_ = 1, tuplet_to_ = 1;  // Lengths are multiplied by to / from.
  int tuplet_left_ = 0;
  int broken_next_ = 0;  // Dots of a > (positive) or < (negative) before the next note.

  std::vector<std::pair<std::size_t, std::size_t>> line_notes_;  // Bar and item of each note.
  bool line_ended_ = false;
  int verse_ = 0;
};

}  // namespace antiphon::formats
