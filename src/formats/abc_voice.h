// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
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
  void set_accidentals(AbcAccidentals reach) { state_.accidentals = reach; }
  void set_drums() { state_.clef.percussion = true; }

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
    std::int16_t midi = -1;
    bool tied = false;
  };
  // A change that takes no time.
  struct Change {
    std::optional<music::Tempo> tempo;
    std::optional<music::Meter> meter;
    std::optional<music::Key> key;
  };
  // What few notes have.
  struct Extra {
    std::vector<Pitch> chord;  // Above the first note.
    std::vector<std::int16_t> grace;
    std::string symbol;
    std::unique_ptr<Change> change;
  };
  // A note, chord, rest or change. Small, because hostile files are full of them.
  struct Item {
    std::int64_t duration = 0;  // Units.
    Pitch pitch;                // The lowest of a chord; -1: a rest.
    bool overlay = false;       // &: back to the start of the bar.
    bool whole_bars = false;    // Z: `duration` counts bars.
    std::unique_ptr<Extra> extra;

    Extra& more() {
      if (!extra) extra = std::make_unique<Extra>();
      return *extra;
    }
    bool is_note() const { return pitch.midi >= 0; }
    void tie() {
      pitch.tied = true;
      if (extra) {
        for (Pitch& note : extra->chord) note.tied = true;
      }
    }
  };
  struct Syllable {
    std::uint32_t item;
    int verse;
    std::string text;
  };
  struct Bar {
    std::size_t first = 0;  // Of its items; it ends where the next one begins.
    BarFlow flow;
  };
  class Playing;
  // A note as written, which a tie carries over a bar line with its accidental.
  struct Written {
    int step, octave, alter;
    bool tied = false;
  };

  // Scanners: each takes what it reads off the front of `text`.
  Status note_or_chord(std::string_view& text);
  Result<Pitch> pitch(std::string_view& text);
  std::int64_t length(std::string_view& text);
  Status grace(std::string_view& text);
  Status tuplet(std::string_view& text);
  bool bar_line(std::string_view& text);
  Status rest(std::string_view& text);
  void broken_rhythm(std::string_view& text);

  void add(Item item);
  Bar& bar();
  void next_bar() { bars_.push_back({items_.size(), {}}); }
  int& accidental_of(int step, int octave);
  void tie_last();

  AbcDefaults state_;
  std::string name_;
  // Deques, because a growing vector is there twice for a moment.
  std::deque<Item> items_;
  std::deque<Bar> bars_;
  std::deque<Syllable> syllables_;  // Line by line.
  std::size_t notes_ = 0;
  std::set<std::string> dropped_;
  bool ending_open_ = false;

  std::map<std::pair<int, int>, int> bar_accidentals_;  // By step and octave, until the bar line.
  std::vector<Written> last_written_;                   // The notes of the last note or chord,
  std::vector<Written> carried_;                        // and of one tied over the bar line.
  std::vector<std::int16_t> pending_grace_;
  std::string pending_chord_;
  std::int64_t tuplet_from_ = 1, tuplet_to_ = 1;  // Lengths are multiplied by to / from.
  int tuplet_left_ = 0;
  int broken_next_ = 0;  // Dots of a > (positive) or < (negative) before the next note.

  std::deque<std::uint32_t> line_notes_;  // Items.
  bool line_ended_ = false;
  int verse_ = 0;
};

}  // namespace antiphon::formats
