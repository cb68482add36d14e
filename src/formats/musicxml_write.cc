// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <string>

#include "formats/format.h"
#include "formats/musicxml_harmony.h"
#include "formats/musicxml_voices.h"

namespace antiphon::formats {
namespace {

using music::Bar;
using music::Note;
using music::Part;
using music::Score;
using music::Ticks;

std::string number(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string number(double value, int decimals) {
  char text[64];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals).ptr;
  return std::string(text, end);
}

std::string number(std::int64_t value) { return std::to_string(value); }

std::string element(std::string_view name, std::string_view content) {
  const std::string tag(name);
  return "<" + tag + ">" + std::string(content) + "</" + tag + ">";
}

/// Up to which time the bars must reach: the end of the last note, and past each event.
Ticks end_of_events(const Score& score) {
  Ticks end = std::max(music::end_of(score), Ticks{1});
  const auto reach = [&](const auto& list) {
    for (const auto& each : list) end = std::max(end, each.at + Ticks{1});
  };
  for (const Part& part : score.parts) reach(part.lyrics);
  reach(score.tempos);
  reach(score.meters);
  reach(score.keys);
  reach(score.chords);
  return end;
}

std::vector<Bar> bars_to_write(const Score& score) {
  Score frame;
  frame.meters = score.meters;
  frame.parts.resize(1);
  frame.parts[0].notes = {{Ticks{0}, end_of_events(score)}};
  return music::bars_of(frame);
}

struct Spelling {
  char step;
  int alter;
  int octave;
};

/// Spells a pitch by the key: of the names on the line of fifths, the one from six below to five
/// above the middle of the key's own seven.
Spelling spelling_of(int pitch, int fifths) {
  constexpr std::string_view steps_by_fifths = "FCGDAEB";
  const int lowest = fifths - 4;  // C major: A flat to C sharp.
  int fifth = (pitch % 12) * 7 % 12;
  while (fifth < lowest) fifth += 12;
  while (fifth >= lowest + 12) fifth -= 12;
  const int index = fifth + 1;  // F is -1.
  const int alter = index >= 0 ? index / 7 : -((6 - index) / 7);
  return {steps_by_fifths[static_cast<std::size_t>(index - 7 * alter)], alter,
          (pitch - alter + 12) / 12 - 2};
}

/// Where a drum kit's staff has its common instruments.
Spelling drum_position(int key) {
  switch (key) {
    case 35:
    case 36:
      return {'F', 0, 4};
    case 38:
    case 40:
      return {'C', 0, 5};
    case 42:
    case 44:
    case 46:
      return {'G', 0, 5};
    case 49:
    case 51:
    case 57:
    case 59:
      return {'A', 0, 5};
    default:
      return {'E', 0, 5};
  }
}

/// Keyboards and harps whose notes lie on both sides of middle C get two staves.
bool wants_two_staves(const Part& part) {
  const bool keyboard =
      part.program <= 7 || (part.program >= 16 && part.program <= 20) || part.program == 46;
  if (part.drums || !keyboard) return false;
  const auto [low, high] =
      std::minmax_element(part.notes.begin(), part.notes.end(),
                          [](const Note& a, const Note& b) { return a.pitch < b.pitch; });
  return low != part.notes.end() && low->pitch < 55 && high->pitch > 64;
}

/// Writes one part, bar by bar, at 960 divisions a quarter: a division is a tick.
class PartWriter {
 public:
  PartWriter(const Score& score, const Part& part, std::size_t index, std::span<const Bar> bars,
             std::string& out)
      : score_(score), part_(part), index_(index), bars_(bars), out_(out) {
    if (wants_two_staves(part)) {
      std::vector<Note> hands[2];
      for (const Note& note : part.notes) hands[note.pitch < 60].push_back(note);
      add_staff(hands[0]);
      add_staff(hands[1]);
    } else {
      add_staff(part.notes);
    }
    lyric_is_written_.assign(part.lyrics.size(), false);
    find_loose_lyrics();
  }

  void write() {
    out_ += "  <part id=\"P" + std::to_string(index_ + 1) + "\">\n";
    for (std::size_t i = 0; i < bars_.size(); ++i) write_bar(i);
    out_ += "  </part>\n";
  }

 private:
  struct Line {
    int staff;
    Voice voice;
    std::size_t next = 0;  ///< The first chord that isn't over.
  };

  void add_staff(std::span<const Note> notes) {
    ++staves_;
    std::vector<Voice> voices = voices_of(notes);
    if (voices.empty()) voices.emplace_back();
    for (Voice& voice : voices) lines_.push_back({staves_, std::move(voice)});
    Clef clef{"G", 2};
    if (part_.drums) {
      clef = {"percussion", 0};
    } else if (!notes.empty()) {
      std::vector<int> pitches;
      for (const Note& note : notes) pitches.push_back(note.pitch);
      const auto middle = pitches.begin() + static_cast<std::ptrdiff_t>(pitches.size() / 2);
      std::nth_element(pitches.begin(), middle, pitches.end());
      if (*middle < 58) clef = {"F", 4};
    }
    clefs_.push_back(clef);
  }

  /// Syllables that are sung while a note goes on, or into a rest: the first voice is cut there.
  void find_loose_lyrics() {
    for (const music::Lyric& lyric : part_.lyrics) {
      const auto note = std::lower_bound(part_.notes.begin(), part_.notes.end(), lyric.at,
                                         [](const Note& a, Ticks at) { return a.onset < at; });
      const bool on_note = note != part_.notes.end() && note->onset == lyric.at;
      if (!on_note) cuts_.push_back(lyric.at);
    }
  }

  /// The next cut in a voice after `from`, at most `to`.
  Ticks cut_between(Ticks from, Ticks to, std::size_t voice) const {
    if (voice != 0) return to;
    const auto cut = std::upper_bound(cuts_.begin(), cuts_.end(), from);
    return cut == cuts_.end() ? to : std::min(*cut, to);
  }

  Ticks end_of_bar(std::size_t i) const {
    return i + 1 < bars_.size() ? bars_[i + 1].start : bars_[i].start + bars_[i].meter.bar();
  }

  void write_bar(std::size_t i) {
    const Ticks start = bars_[i].start;
    const Ticks end = end_of_bar(i);
    out_ += "    <measure number=\"" + std::to_string(i + 1) + "\">\n";
    write_attributes(i, end);
    if (index_ == 0) write_directions(start, end);
    bool first = true;
    for (std::size_t k = 0; k < lines_.size(); ++k) {
      Line& line = lines_[k];
      const bool sounds = line.next < line.voice.size() && line.voice[line.next].onset < end;
      const bool leads_staff = k == 0 || lines_[k - 1].staff != line.staff;
      if (!sounds && !leads_staff) continue;
      if (!first) write_move("backup", end - start);
      first = false;
      write_line(line, k, start, end);
    }
    out_ += "    </measure>\n";
  }

  // Attributes and directions.

  struct Clef {
    std::string_view sign;
    int line;
  };

  static std::string key_xml(music::Key key) {
    return element("key", element("fifths", number(std::int64_t{key.fifths})) +
                              element("mode", key.mode == music::Mode::minor ? "minor" : "major"));
  }

  void write_attributes(std::size_t i, Ticks end) {
    const Ticks start = bars_[i].start;
    std::string content;
    if (i == 0) content += element("divisions", number(Ticks::per_quarter));
    for (; next_key_ < score_.keys.size() && score_.keys[next_key_].at <= start; ++next_key_) {
      fifths_ = score_.keys[next_key_].value.fifths;
      content += key_xml(score_.keys[next_key_].value);
    }
    for (; next_meter_ < score_.meters.size() && score_.meters[next_meter_].at <= start;
         ++next_meter_) {
      const music::Meter meter = score_.meters[next_meter_].value;
      content += element("time", element("beats", std::to_string(meter.numerator())) +
                                     element("beat-type", std::to_string(meter.denominator())));
    }
    if (i == 0) {
      if (staves_ > 1) content += element("staves", std::to_string(staves_));
      for (std::size_t staff = 0; staff < clefs_.size(); ++staff) {
        content += staves_ > 1 ? "<clef number=\"" + std::to_string(staff + 1) + "\">" : "<clef>";
        content += element("sign", clefs_[staff].sign);
        if (clefs_[staff].line > 0) content += element("line", std::to_string(clefs_[staff].line));
        content += "</clef>";
      }
    }
    if (!content.empty()) out_ += "      " + element("attributes", content) + "\n";
    // A key that changes inside the bar stands where it changes.
    for (; next_key_ < score_.keys.size() && score_.keys[next_key_].at < end; ++next_key_) {
      const Ticks offset = score_.keys[next_key_].at - start;
      write_move("forward", offset);
      out_ += "      " + element("attributes", key_xml(score_.keys[next_key_].value)) + "\n";
      write_move("backup", offset);
    }
  }

  /// Tempos and chord symbols of the bar, each with its offset from the bar line.
  void write_directions(Ticks start, Ticks end) {
    for (; next_tempo_ < score_.tempos.size() && score_.tempos[next_tempo_].at < end;
         ++next_tempo_) {
      const double bpm = score_.tempos[next_tempo_].value.bpm();
      const Ticks offset = score_.tempos[next_tempo_].at - start;
      out_ += "      <direction placement=\"above\"><direction-type><metronome>";
      out_ += element("beat-unit", "quarter");
      out_ += element("per-minute", bpm == std::floor(bpm) ? number(bpm, 0) : number(bpm, 2));
      out_ += "</metronome></direction-type>";
      if (offset > Ticks{0}) out_ += "<offset sound=\"yes\">" + number(offset.count) + "</offset>";
      out_ += "<sound tempo=\"" + number(bpm) + "\"/></direction>\n";
    }
    for (; next_chord_ < score_.chords.size() && score_.chords[next_chord_].at < end;
         ++next_chord_) {
      const Ticks offset = score_.chords[next_chord_].at - start;
      std::string content = harmony_xml(score_.chords[next_chord_].text);
      if (offset > Ticks{0}) content += element("offset", number(offset.count));
      out_ += "      " + element("harmony", content) + "\n";
    }
  }

  void write_move(std::string_view name, Ticks duration) {
    if (duration == Ticks{0}) return;
    out_ += "      " + element(name, element("duration", number(duration.count))) + "\n";
  }

  // Notes and rests.

  void write_line(Line& line, std::size_t voice, Ticks start, Ticks end) {
    Ticks now = start;
    for (; line.next < line.voice.size() && line.voice[line.next].onset < end; ++line.next) {
      const Chord& chord = line.voice[line.next];
      const Ticks from = std::max(chord.onset, start);
      const Ticks to = std::min(chord.end(), end);
      write_rests(now, from, false, voice, line.staff);
      write_chord(chord, from, to, voice, line.staff);
      now = to;
      if (chord.end() > end) break;  // It goes on in the next bar.
    }
    write_rests(now, end, now == start, voice, line.staff);
  }

  void write_rests(Ticks from, Ticks to, bool whole_bar, std::size_t voice, int staff) {
    while (from < to) {
      const Ticks cut = cut_between(from, to, voice);
      whole_bar = whole_bar && cut == to;
      const std::vector<NoteValue> rests =
          whole_bar ? std::vector<NoteValue>{{to - from, ""}} : note_values(cut - from);
      for (const NoteValue& value : rests) {
        out_ += whole_bar ? "      <note><rest measure=\"yes\"/>" : "      <note><rest/>";
        out_ += element("duration", number(value.duration.count));
        close_note(voice, value, staff, false, false, voice == 0 ? lyrics_at(from) : "");
        from += value.duration;
      }
    }
  }

  void write_chord(const Chord& chord, Ticks from, Ticks to, std::size_t voice, int staff) {
    while (from < to) {
      const Ticks cut = cut_between(from, to, voice);
      for (const NoteValue& value : note_values(cut - from)) {
        write_stem(chord, from, value, voice, staff);
        from += value.duration;
      }
    }
  }

  /// The notes of a chord for one value's time.
  void write_stem(const Chord& chord, Ticks at, const NoteValue& value, std::size_t voice,
                  int staff) {
    const bool tied_from = at > chord.onset;
    const bool tied_to = at + value.duration < chord.end();
    const std::string lyrics = tied_from && voice != 0 ? "" : lyrics_at(at);
    for (std::size_t i = 0; i < chord.notes.size(); ++i) {
      const Note& note = chord.notes[i];
      out_ += "      <note";
      if (part_.velocities_known) out_ += " dynamics=\"" + number(note.velocity / 0.9, 2) + "\"";
      out_ += i > 0 ? "><chord/>" : ">";
      write_pitch(note.pitch);
      out_ += element("duration", number(value.duration.count));
      if (tied_from) out_ += "<tie type=\"stop\"/>";
      if (tied_to) out_ += "<tie type=\"start\"/>";
      if (part_.drums) {
        out_ += "<instrument id=\"P" + std::to_string(index_ + 1) + "-I" +
                std::to_string(note.pitch) + "\"/>";
      }
      close_note(voice, value, staff, tied_from, tied_to, i == 0 ? lyrics : "");
    }
  }

  void write_pitch(int pitch) {
    const Spelling spelled = part_.drums ? drum_position(pitch) : spelling_of(pitch, fifths_);
    const std::string octave = std::to_string(spelled.octave);
    if (part_.drums) {
      out_ += element("unpitched", element("display-step", {&spelled.step, 1}) +
                                       element("display-octave", octave));
      return;
    }
    std::string content = element("step", {&spelled.step, 1});
    if (spelled.alter != 0) content += element("alter", std::to_string(spelled.alter));
    out_ += element("pitch", content + element("octave", octave));
  }

  void close_note(std::size_t voice, const NoteValue& value, int staff, bool tied_from,
                  bool tied_to, std::string_view lyrics) {
    out_ += element("voice", std::to_string(voice + 1));
    if (!value.type.empty()) out_ += element("type", value.type);
    for (int i = 0; i < value.dots; ++i) out_ += "<dot/>";
    if (value.triplet) {
      out_ +=
          element("time-modification", element("actual-notes", "3") + element("normal-notes", "2"));
    }
    if (staves_ > 1) out_ += element("staff", std::to_string(staff));
    if (tied_from || tied_to) {
      out_ += "<notations>";
      if (tied_from) out_ += "<tied type=\"stop\"/>";
      if (tied_to) out_ += "<tied type=\"start\"/>";
      out_ += "</notations>";
    }
    out_ += lyrics;
    out_ += "</note>\n";
  }

  /// The lyrics sung at a time, which the first chord there takes.
  std::string lyrics_at(Ticks at) {
    const auto first =
        std::lower_bound(part_.lyrics.begin(), part_.lyrics.end(), at,
                         [](const music::Lyric& lyric, Ticks time) { return lyric.at < time; });
    std::string out;
    for (auto lyric = first; lyric != part_.lyrics.end() && lyric->at == at; ++lyric) {
      const auto i = static_cast<std::size_t>(lyric - part_.lyrics.begin());
      if (lyric_is_written_[i]) continue;
      lyric_is_written_[i] = true;
      std::string_view text = lyric->text;
      const bool goes_on = text.size() > 1 && text.ends_with('-');
      if (goes_on) text.remove_suffix(1);
      const bool went_on =
          std::find(open_verses_.begin(), open_verses_.end(), lyric->verse) != open_verses_.end();
      std::erase(open_verses_, lyric->verse);
      if (goes_on) open_verses_.push_back(lyric->verse);
      out += "<lyric number=\"" + std::to_string(lyric->verse) + "\">";
      out += element("syllabic",
                     goes_on ? (went_on ? "middle" : "begin") : (went_on ? "end" : "single"));
      out += element("text", xml_escaped(text)) + "</lyric>";
    }
    return out;
  }

  const Score& score_;
  const Part& part_;
  std::size_t index_;
  std::span<const Bar> bars_;
  std::string& out_;

  int staves_ = 0;
  std::vector<Clef> clefs_;  ///< [staves]
  std::vector<Line> lines_;
  std::vector<bool> lyric_is_written_;
  std::vector<Ticks> cuts_;       ///< Where the first voice is cut for a syllable.
  std::vector<int> open_verses_;  ///< Verses whose last syllable goes on.
  int fifths_ = 0;
  std::size_t next_key_ = 0;
  std::size_t next_meter_ = 0;
  std::size_t next_tempo_ = 0;
  std::size_t next_chord_ = 0;
};

/// An instrument a part; of drums one for each key, since MusicXML's unpitched notes say no pitch.
void write_score_part(const Part& part, std::size_t index, std::string& out) {
  const std::string id = "P" + std::to_string(index + 1);
  const std::string program = element("midi-program", std::to_string(part.program + 1));
  std::string instruments;
  std::string midi;
  if (part.drums) {
    bool used[128] = {};
    for (const Note& note : part.notes) used[note.pitch & 127] = true;
    if (part.notes.empty()) used[38] = true;  // So that an empty part is still one of drums.
    for (int key = 0; key < 128; ++key) {
      if (!used[key]) continue;
      const std::string own = id + "-I" + std::to_string(key);
      instruments += "<score-instrument id=\"" + own + "\">" +
                     element("instrument-name", "Drum " + std::to_string(key)) +
                     "</score-instrument>";
      midi += "<midi-instrument id=\"" + own + "\">" + element("midi-channel", "10") + program +
              element("midi-unpitched", std::to_string(key + 1)) + "</midi-instrument>";
    }
  } else {
    const std::size_t place = index % 15;  // Channel 10 is for drums.
    instruments = "<score-instrument id=\"" + id + "-I1\">" +
                  element("instrument-name", xml_escaped(part.name)) + "</score-instrument>";
    midi = "<midi-instrument id=\"" + id + "-I1\">" +
           element("midi-channel", std::to_string(place < 9 ? place + 1 : place + 2)) + program +
           "</midi-instrument>";
  }
  out += "    <score-part id=\"" + id + "\">" + element("part-name", xml_escaped(part.name)) +
         instruments + midi + "</score-part>\n";
}

}  // namespace

Bytes write_musicxml(const Score& score) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 Partwise//EN\" "
      "\"http://www.musicxml.org/dtds/partwise.dtd\">\n"
      "<score-partwise version=\"4.0\">\n";
  if (!score.title.empty()) {
    out += "  " + element("work", element("work-title", xml_escaped(score.title))) + "\n";
  }
  out += "  <identification>";
  if (!score.composer.empty()) {
    out += "<creator type=\"composer\">" + xml_escaped(score.composer) + "</creator>";
  }
  out += element("encoding", element("software", "Antiphon")) + "</identification>\n";

  // A document has at least one part.
  const std::vector<Part> silence(1);
  const std::span<const Part> parts = score.parts.empty() ? silence : score.parts;
  out += "  <part-list>\n";
  for (std::size_t i = 0; i < parts.size(); ++i) write_score_part(parts[i], i, out);
  out += "  </part-list>\n";
  const std::vector<Bar> bars = bars_to_write(score);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    PartWriter(score, parts[i], i, bars, out).write();
  }
  out += "</score-partwise>\n";
  const ByteView bytes = as_bytes(out);
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace antiphon::formats
