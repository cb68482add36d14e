// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_part.h"

#include <cmath>

#include "formats/musicxml_directions.h"
#include "formats/musicxml_loudness.h"
#include "formats/musicxml_values.h"

namespace antiphon::formats {
namespace {

using music::Key;
using music::Ticks;
using pugi::xml_node;

/// A grace note takes a twelfth of a quarter from its neighbour, one step of the models' grid, and
/// all of them together at most half.
constexpr std::int64_t grace_ticks = Ticks::per_quarter / 12;

/// Reads one part, bar by bar. Positions run in fractions of ticks, because divisions need not
/// divide ours, and are rounded where a note begins or ends.
class PartReader {
 public:
  PartReader(const PartHeader& header, ReadingContext& context)
      : header_(header), context_(context) {}

  WrittenPart read(const std::vector<xml_node>& measures) {
    part_.bars.reserve(measures.size());
    for (const xml_node& measure : measures) {
      read_bar(measure);
      if (context_.error) break;
    }
    finish_header();
    return std::move(part_);
  }

 private:
  void fail(const xml_node& at, std::string what) {
    if (!context_.error) context_.error = MusicError{at.offset_debug(), std::move(what)};
  }

  std::uint32_t bar() const { return static_cast<std::uint32_t>(part_.bars.size()); }
  Ticks now() const { return {std::llround(cursor_)}; }
  Place place() const { return {bar(), cursor_, divisions_}; }
  BarFlow& flow() { return context_.frame.flow[bar()]; }

  void read_bar(const xml_node& measure) {
    context_.frame.reserve_bar(bar());
    WrittenBar written;
    written.notes = static_cast<std::uint32_t>(part_.notes.size());
    written.lyrics = static_cast<std::uint32_t>(part_.lyrics.size());
    cursor_ = 0;
    filled_ = 0;
    graces_from_ = main_from_ = main_to_ = part_.notes.size();
    graces_.clear();
    for (const xml_node child : measure.children()) {
      const std::string_view name = child.name();
      if (name == "note") {
        read_note(child);
      } else if (name == "backup" || name == "forward") {
        read_move(child, name == "forward");
      } else if (name == "attributes") {
        read_attributes(child);
      } else if (name == "direction") {
        read_direction(child, place(), context_, loudness_);
      } else if (name == "sound") {
        read_sound(child, now(), place(), context_, loudness_);
      } else if (name == "harmony") {
        read_harmony(child, place(), context_);
      } else if (name == "barline") {
        read_barline(child, flow());
      } else if (name == "figured-bass") {
        context_.dropped.add("Figured bass is not kept.");
      }
      if (context_.error) return;
    }
    place_trailing_graces();
    loudness_.apply(std::span(part_.notes).subspan(written.notes));
    written.length = {std::llround(filled_)};
    part_.bars.push_back(written);
  }

  /// Ticks of a `<duration>`, or nothing and an error.
  std::optional<double> ticks_of(const xml_node& node, const xml_node& duration) {
    const double ticks = number_of(duration).value_or(-1) * Ticks::per_quarter / divisions_;
    if (ticks >= 0 && ticks <= max_bar) return ticks;  // Written so that NaN fails too.
    fail(node,
         "a duration of \"" + std::string(duration.child_value()).substr(0, 20) +
             "\" was found where a number of divisions was expected, at most 255 whole notes");
    return std::nullopt;
  }

  void advance(const xml_node& node, double ticks) {
    cursor_ += ticks;
    filled_ = std::max(filled_, cursor_);
    if (filled_ > max_bar) {
      fail(node, "the bar is longer than 255 whole notes, the longest that is read");
    }
  }

  void read_move(const xml_node& move, bool forward) {
    place_trailing_graces();
    const std::optional<double> ticks = ticks_of(move, move.child("duration"));
    if (!ticks) return;
    if (forward) return advance(move, *ticks);
    cursor_ = std::max(0.0, cursor_ - *ticks);
    graces_from_ = main_from_ = main_to_ = part_.notes.size();
  }

  // Attributes.

  void read_attributes(const xml_node& attributes) {
    for (const xml_node child : attributes.children()) {
      const std::string_view name = child.name();
      if (name == "divisions") {
        const double divisions = child.text().as_double();
        if (!(divisions > 0 && divisions <= 1e9)) {
          return fail(child, "divisions must be a positive number of parts of a quarter note");
        }
        divisions_ = divisions;
      } else if (name == "key") {
        read_key(child);
      } else if (name == "time") {
        read_time(child);
      } else if (name == "transpose") {
        read_transpose(child);
      }
    }
  }

  void read_key(const xml_node& key) {
    if (!key.child("fifths")) {
      if (key.child("key-step"))
        context_.dropped.add("Key signatures of single accidentals are not kept.");
      return;
    }
    const int fifths = std::clamp(key.child("fifths").text().as_int(), -11, 11);
    const std::string_view mode = key.child_value("mode");
    written_key_ =
        Key{fifths, mode == "minor" || mode == "aeolian" ? music::Mode::minor : music::Mode::major};
    keep_key();
  }

  void keep_key() {
    if (!written_key_) return;
    Key key = *written_key_;
    key.fifths = bounded_fifths(key.fifths + transposition_ * 7 % 12);
    auto& keys = part_.keys;
    if (!keys.empty() && keys.back().bar == bar() && keys.back().at == now()) keys.pop_back();
    if (keys.empty() || keys.back().value != key) keys.push_back({bar(), now(), key});
  }

  void read_time(const xml_node& time) {
    std::optional<music::Meter>& meter = context_.frame.meters[bar()];
    if (!meter) meter = meter_of(time);
    if (!meter && !time.child("senza-misura")) {
      context_.dropped.add(
          "Time signatures other than 1 to 255 over 1, 2, 4, 8, 16, 32 or 64 are not kept.");
    }
  }

  void read_transpose(const xml_node& transpose) {
    const double chromatic = transpose.child("chromatic").text().as_double();
    const double octaves = transpose.child("octave-change").text().as_double();
    const double sum = chromatic + 12 * octaves;
    if (!(std::abs(sum) <= 127)) {
      return fail(transpose, "a transposition must be at most 127 semitones");
    }
    transposition_ = static_cast<int>(std::lround(sum));
    keep_key();
  }

  // Notes.

  void read_note(const xml_node& note) {
    Parsed parsed;
    for (const xml_node child : note.children()) {
      const std::string_view name = child.name();
      if (name == "pitch") {
        parsed.pitch = child;
      } else if (name == "duration") {
        parsed.duration = child;
      } else if (name == "chord") {
        parsed.chord = true;
      } else if (name == "rest") {
        parsed.rest = true;
      } else if (name == "grace") {
        parsed.grace = child;
      } else if (name == "cue") {
        parsed.cue = true;
      } else if (name == "unpitched") {
        parsed.unpitched = child;
      } else if (name == "instrument") {
        parsed.instrument = child.attribute("id").value();
      } else if (name == "voice") {
        parsed.voice = voice_number(child.child_value());
      } else if (name == "tie") {
        read_tie(child, parsed);
      } else if (name == "notations") {
        read_notations(child, parsed);
      } else if (name == "lyric") {
        parsed.has_lyrics = true;
      }
    }
    double ticks = 0;
    if (!parsed.grace) {
      if (!parsed.duration) {
        if (!parsed.cue) context_.dropped.add("Notes without a duration are left out.");
        return;
      }
      const std::optional<double> given = ticks_of(note, parsed.duration);
      if (!given) return;
      ticks = *given;
    }
    place_note(note, parsed, ticks);
  }

  struct Parsed {
    xml_node pitch, duration, grace, unpitched;
    const char* instrument = "";
    std::uint16_t voice = 0;
    bool chord = false, rest = false, cue = false, has_lyrics = false;
    bool tie_starts = false, tie_stops = false;
  };

  static std::uint16_t voice_number(const char* text) {
    return static_cast<std::uint16_t>(std::atoi(text) & 0xffff);
  }

  static void read_tie(const xml_node& tie, Parsed& parsed) {
    const std::string_view type = tie.attribute("type").value();
    if (type == "start") parsed.tie_starts = true;
    if (type == "stop") parsed.tie_stops = true;
    if (type == "continue") parsed.tie_starts = parsed.tie_stops = true;
  }

  void read_notations(const xml_node& notations, Parsed& parsed) {
    for (const xml_node child : notations.children()) {
      const std::string_view name = child.name();
      if (name == "tied") {
        read_tie(child, parsed);
      } else if (name == "dynamics") {
        loudness_.mark(child, now(), std::nullopt);
      } else if (name == "ornaments") {
        context_.dropped.add(child.child("tremolo")
                                 ? "Tremolos are held notes; the strokes are not kept."
                                 : "Trills, turns and other ornaments are not kept.");
      } else if (name == "articulations" || name == "slur") {
        context_.dropped.add("Articulations and slurs are not kept.");
      } else if (name == "arpeggiate") {
        context_.dropped.add("Arpeggios are struck together.");
      } else if (name == "fermata") {
        context_.dropped.add("Fermatas are not kept.");
      } else if (name == "glissando" || name == "slide") {
        context_.dropped.add("Glissandos and slides are not kept.");
      }
    }
  }

  /// Sounding MIDI pitch; nothing for a rest or what MIDI has no key for.
  std::optional<std::uint8_t> pitch_of(const xml_node& note, const Parsed& parsed) {
    if (parsed.unpitched) return drum_key(parsed);
    if (!parsed.pitch) return std::nullopt;
    const std::string_view step = parsed.pitch.child_value("step");
    constexpr std::string_view steps = "C D EF G A B";
    const std::size_t semitone = step.size() == 1 && step != " " ? steps.find(step) : steps.npos;
    const double octave = parsed.pitch.child("octave").text().as_double(-100);
    if (semitone == steps.npos || !(std::abs(octave) <= 20)) {
      fail(note, "a pitch must have a step from A to G and an octave");
      return std::nullopt;
    }
    const double alter = parsed.pitch.child("alter").text().as_double();
    if (alter != std::floor(alter)) context_.dropped.add("Microtones are rounded to semitones.");
    const double pitch = 12 * (octave + 1) + static_cast<double>(semitone) + alter + transposition_;
    // Quarter tones go down, so that a quarter-sharp keeps its letter.
    const double key = std::ceil(pitch - 0.5);
    if (key >= 0 && key <= 127) return static_cast<std::uint8_t>(key);
    context_.dropped.add("Notes outside of MIDI's range of pitches are left out.");
    return std::nullopt;
  }

  std::uint8_t drum_key(const Parsed& parsed) {
    has_unpitched_ = true;
    const auto key = header_.drum_keys.find(std::string_view(parsed.instrument));
    if (key != header_.drum_keys.end()) return key->second;
    if (!header_.drum_keys.empty() && *parsed.instrument == 0)
      return header_.drum_keys.begin()->second;
    context_.dropped.add("Percussion without a MIDI key is played on the snare drum.");
    return 38;
  }

  void place_note(const xml_node& node, const Parsed& parsed, double ticks) {
    if (parsed.cue) {
      context_.dropped.add("Cue notes are left out.");
      if (!parsed.grace && !parsed.chord) advance_main(node, ticks, parsed);
      return;
    }
    const std::optional<std::uint8_t> pitch = parsed.rest ? std::nullopt : pitch_of(node, parsed);
    if (context_.error) return;
    WrittenNote note;
    if (pitch) note.pitch = *pitch;
    note.tie_starts = parsed.tie_starts;
    note.tie_stops = parsed.tie_stops;
    note.voice = parsed.voice;
    const pugi::xml_attribute loud = node.attribute("dynamics");
    note.velocity = loud ? loudness_.of_note(loud.as_double()) : Loudness::unset;
    if (parsed.grace) {
      if (!pitch) return;
      if (!parsed.chord) ++grace_slots_;
      graces_.push_back({note, std::max(0, grace_slots_ - 1),
                         static_cast<bool>(parsed.grace.attribute("steal-time-previous"))});
      return;
    }
    if (parsed.chord) {
      note.at = {std::llround(main_start_)};
      note.duration = {std::llround(main_start_ + ticks) - note.at.count};
    } else {
      resolve_graces(parsed, ticks);
      main_start_ = cursor_;
      main_from_ = part_.notes.size();
      note.at = now();
      note.duration = {std::llround(cursor_ + ticks) - note.at.count};
    }
    if (pitch) {
      const Ticks shift = parsed.tie_stops && !tie_from_grace(note) ? Ticks{0} : main_shift_;
      note.at += shift;
      note.duration = std::max(note.duration - shift, Ticks{1});
      part_.notes.push_back(note);
    }
    main_to_ = part_.notes.size();
    if (parsed.has_lyrics) read_lyrics(node, note.at);
    if (!parsed.chord) advance(node, ticks);
  }

  /// Whether a grace note of the note or chord in hand is tied to `main`; it then lasts up to it.
  bool tie_from_grace(const WrittenNote& main) {
    for (std::size_t i = graces_from_; i < main_from_; ++i) {
      WrittenNote& grace = part_.notes[i];
      if (!grace.tie_starts || grace.pitch != main.pitch) continue;
      grace.duration = main.at + main_shift_ - grace.at;
      return true;
    }
    return false;
  }

  void advance_main(const xml_node& node, double ticks, const Parsed& parsed) {
    resolve_graces(parsed, ticks);
    main_start_ = cursor_;
    graces_from_ = main_from_ = main_to_ = part_.notes.size();
    advance(node, ticks);
  }

  struct Grace {
    WrittenNote note;
    int slot;
    bool from_previous;
  };

  /// Lays the waiting grace notes at the start of the note of `ticks` that follows; `main_shift_`
  /// is what it loses to them.
  void resolve_graces(const Parsed& main, double ticks) {
    main_shift_ = {};
    graces_from_ = part_.notes.size();
    if (!graces_.empty() && graces_.front().from_previous) {
      place_trailing_graces();
      graces_from_ = part_.notes.size();
    }
    if (graces_.empty()) return;
    const std::int64_t each =
        std::min(grace_ticks, static_cast<std::int64_t>(ticks) / (2 * std::max(grace_slots_, 1)));
    if (each < 1) {
      context_.dropped.add("Grace notes without room before the next note are left out.");
    } else {
      for (Grace& grace : graces_) {
        grace.note.at = now() + Ticks{each} * grace.slot;
        grace.note.duration = {each};
        part_.notes.push_back(grace.note);
      }
      if (!main.rest) main_shift_ = Ticks{each} * grace_slots_;
    }
    graces_.clear();
    grace_slots_ = 0;
  }

  /// Lays grace notes that nothing follows at the end of the notes before them.
  void place_trailing_graces() {
    if (graces_.empty()) return;
    Ticks room;
    for (std::size_t i = main_from_; i < main_to_; ++i) {
      room = std::max(room, part_.notes[i].duration);
    }
    const std::int64_t each = std::min(grace_ticks, room.count / (2 * std::max(grace_slots_, 1)));
    if (each < 1) {
      context_.dropped.add("Grace notes without a note beside them are left out.");
    } else {
      const Ticks start = now() - Ticks{each} * grace_slots_;
      for (std::size_t i = main_from_; i < main_to_; ++i) {
        WrittenNote& main = part_.notes[i];
        // A tied note goes on, and the grace notes sound with it.
        if (!main.tie_starts && main.at < start)
          main.duration = std::min(main.duration, start - main.at);
      }
      for (Grace& grace : graces_) {
        grace.note.at = start + Ticks{each} * grace.slot;
        grace.note.duration = {each};
        part_.notes.push_back(grace.note);
      }
    }
    graces_.clear();
    grace_slots_ = 0;
  }

  void read_lyrics(const xml_node& note, Ticks at) {
    for (const xml_node lyric : note.children("lyric")) {
      std::string text;
      std::string_view syllabic;
      for (const xml_node child : lyric.children()) {
        const std::string_view name = child.name();
        if (name == "text") {
          text += child.child_value();
        } else if (name == "syllabic") {
          syllabic = child.child_value();
        } else if (name == "elision") {
          const char* sign = child.child_value();
          text += *sign ? sign : "\u203f";
        }
      }
      text = one_line(text);
      if (text.empty()) continue;
      if (syllabic == "begin" || syllabic == "middle") text += '-';
      part_.lyrics.push_back({at, verse_of(lyric.attribute("number").value()), std::move(text)});
    }
  }

  /// The number that a lyric's label ends with, "2" or "part1verse2"; 1 for a label without.
  static int verse_of(std::string_view label) {
    std::size_t from = label.size();
    while (from > 0 && label[from - 1] >= '0' && label[from - 1] <= '9') --from;
    int verse = 0;
    for (const char c : label.substr(from)) verse = std::min(verse * 10 + (c - '0'), 999);
    return std::max(verse, 1);
  }

  void finish_header() {
    part_.header.name = header_.name;
    part_.header.drums = header_.percussion_channel || has_unpitched_;
    part_.header.program = static_cast<std::uint8_t>(header_.program.value_or(0));
    part_.header.velocities_known = loudness_.known();
  }

  const PartHeader& header_;
  ReadingContext& context_;
  WrittenPart part_;
  Loudness loudness_;

  double divisions_ = 1;
  int transposition_ = 0;  ///< Semitones from written to sounding.
  std::optional<Key> written_key_;
  bool has_unpitched_ = false;

  double cursor_ = 0;  ///< In ticks from the start of the bar.
  double filled_ = 0;  ///< The furthest that the cursor was in this bar.

  // The note or chord read last: its start, its notes in `part_.notes`, its loss to grace notes.
  double main_start_ = 0;
  std::size_t main_from_ = 0;
  std::size_t main_to_ = 0;
  Ticks main_shift_;
  std::size_t graces_from_ = 0;  ///< Its grace notes are from here to `main_from_`.

  std::vector<Grace> graces_;  ///< Waiting for the note that they lean on.
  int grace_slots_ = 0;
};

}  // namespace

WrittenPart read_part(const PartHeader& header, const std::vector<xml_node>& measures,
                      ReadingContext& context) {
  return PartReader(header, context).read(measures);
}

}  // namespace antiphon::formats
