// SPDX-License-Identifier: Apache-2.0
#include "formats/kern.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "formats/instrument_names.h"
#include "formats/kern_token.h"
#include "formats/kern_unfold.h"
#include "formats/kern_words.h"
#include "formats/text.h"
#include "formats/upbeat.h"

// The Humdrum syntax and **kern are from Huron, "The Humdrum Toolkit: Reference Manual" (1994).
namespace antiphon::formats {
namespace {

using music::Ticks;

constexpr std::int64_t units_per_tick = kern_units_per_quarter / Ticks::per_quarter;
constexpr std::size_t max_sections = 256;  // Of an expansion list.
constexpr std::size_t max_spines = 1024;   // An orchestra has 80; a hostile file splits on.

// How a staff is played: a column of **kern from its start on.
struct Staff {
  std::string part;   // *part; staves with the same one are one part.
  std::string code;   // *I, such as "violn".
  std::string group;  // *IC, such as "vox".
  std::string name;   // *I".
  std::uint8_t velocity = music::Note::default_velocity;
  bool velocities_known = false;
  std::vector<music::Note> notes;
  std::vector<music::Lyric> lyrics;
  std::array<std::ptrdiff_t, 128> tied;  // Where the note is that a tie goes on from; -1: none.
};

struct Spine {
  enum class Kind { kern, lyrics, loudness, chords, other };
  Kind kind = Kind::other;
  std::size_t staff = 0;                // The staff that it is, or is about.
  int verse = 1;                        // Of lyrics.
  std::int64_t until = 0;               // Units: when its current note ends.
  std::vector<std::vector<int>> grace;  // Grace notes that wait for the note that they lead to.
  bool ended = false;
};

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::optional<int> leading_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// The pieces of `text` between separators, borrowed, into `out`.
void split(std::string_view text, char separator, std::vector<std::string_view>& out) {
  out.clear();
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    out.push_back(text.substr(from, to - from));
    from = to + 1;
  }
}

class KernReader {
 public:
  explicit KernReader(std::string_view name) : name_(name) {}

  Result<KernReading> read(std::string_view text);

 private:
  Error fail(const std::string& what) const {
    return {Errc::invalid_input, name_ + ":" + std::to_string(line_) + ": " + what};
  }
  Ticks now() const { return {(time_ + units_per_tick / 2) / units_per_tick}; }
  void reference(std::string_view record);
  Status exclusive(const std::vector<std::string_view>& tokens);
  Status interpretations(const std::vector<std::string_view>& tokens);
  void interpretation(std::string_view token, Spine& spine);
  Status paths(const std::vector<std::string_view>& tokens);
  void bar_line(std::string_view token);
  Status data(const std::vector<std::string_view>& tokens);
  void kern_token(std::string_view token, Spine& spine);
  void add_note(const KernNote& note, std::int64_t onset, std::int64_t end, Staff& staff);
  void dynamics(std::string_view token, Staff& staff);
  void put_parts();
  void unfold();

  std::string name_;
  int line_ = 0;
  std::int64_t time_ = 0;
  std::vector<Spine> spines_;
  std::vector<Staff> staves_;
  KernReading out_;
  std::set<std::string> dropped_;
  std::string tempo_word_;

  std::int64_t bar_start_ = 0;
  bool bar_open_ = false;  // A bar line or note has been seen.
  int bar_lines_ = 0;
  music::Meter meter_;
  bool meter_known_ = false;
  std::int64_t last_bar_off_ = 0;  // 1 if the newest bar was off.

  std::vector<std::string> expansion_;                   // *>[A,A,B]
  std::vector<std::pair<std::string, Ticks>> sections_;  // *>A and where it begins.
  std::vector<KernRepeat> repeats_;
  std::vector<std::string_view> subtokens_;
};

void KernReader::reference(std::string_view record) {
  const auto value = [&](std::string_view key) -> std::optional<std::string> {
    if (!starts_with(record.substr(3), key) || record.substr(3 + key.size(), 1) != ":")
      return std::nullopt;
    std::string_view rest = record.substr(4 + key.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    return to_utf8(rest);
  };
  music::Score& score = out_.reading.score;
  if (const auto title = value("OTL"); title && score.title.empty()) score.title = *title;
  if (const auto composer = value("COM"); composer && score.composer.empty())
    score.composer = *composer;
  if (const auto genre = value("AGN")) out_.facts.genre = *genre;
  if (const auto licence = value("YEM")) out_.facts.licence = *licence;
  if (auto tempo = value("OMD"); tempo && tempo_word_.empty()) {
    for (char& c : *tempo) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    tempo_word_ = *tempo;
  }
}

Status KernReader::exclusive(const std::vector<std::string_view>& tokens) {
  if (!spines_.empty()) return Done{};
  if (tokens.size() > max_spines)
    return fail("more than " + std::to_string(max_spines) + " spines");
  for (const std::string_view token : tokens) {
    Spine spine;
    if (token == "**kern") {
      spine.kind = Spine::Kind::kern;
      spine.staff = staves_.size();
      staves_.emplace_back();
      staves_.back().tied.fill(-1);
    } else {
      spine.staff = staves_.empty() ? 0 : staves_.size() - 1;
      if (staves_.empty()) {
        spine.kind = Spine::Kind::other;
      } else if (token == "**text" || token == "**silbe") {
        spine.kind = Spine::Kind::lyrics;
        for (const Spine& other : spines_) {
          if (other.kind == Spine::Kind::lyrics && other.staff == spine.staff) ++spine.verse;
        }
      } else if (token == "**dynam") {
        spine.kind = Spine::Kind::loudness;
      } else if (token == "**mxhm" || token == "**chord") {
        spine.kind = Spine::Kind::chords;
      } else {
        dropped_.insert(std::string(token.substr(0, 32)) + " spines");
      }
    }
    spines_.push_back(std::move(spine));
  }
  if (staves_.empty()) return fail("there is no **kern spine, so there are no notes");
  return Done{};
}

Status KernReader::paths(const std::vector<std::string_view>& tokens) {
  std::vector<Spine> next;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Spine& spine = spines_[i];
    const std::string_view token = tokens[i];
    if (token == "*^") {
      next.push_back(spine);
      next.push_back(std::move(spine));
      next.back().grace.clear();
    } else if (token == "*v") {
      // Neighbours that join are one from here on.
      std::size_t last = i;
      const auto joins = [&](std::size_t other) {
        // Two pairs that join side by side are told apart by their staves; one that stands alone
        // joins its neighbour from another staff, after an exchange of paths.
        return other < tokens.size() && tokens[other] == "*v" &&
               (spines_[other].staff == spine.staff || other == i + 1);
      };
      while (joins(last + 1)) {
        ++last;
        spine.until = std::max(spine.until, spines_[last].until);
      }
      next.push_back(std::move(spine));
      i = last;
    } else if (token == "*x" && i + 1 < tokens.size() && tokens[i + 1] == "*x") {
      next.push_back(std::move(spines_[i + 1]));
      next.push_back(std::move(spine));
      ++i;
    } else if (token == "*-") {
      continue;
    } else {
      next.push_back(std::move(spine));
      if (token == "*+")
        next.emplace_back();  // What it is, the next line says; notes there are rare.
    }
    if (next.size() > max_spines)
      return fail("more than " + std::to_string(max_spines) + " spines");
  }
  spines_ = std::move(next);
  return Done{};
}

void KernReader::interpretation(std::string_view token, Spine& spine) {
  music::Score& score = out_.reading.score;
  Staff& staff = staves_[spine.staff];
  const std::string_view body = token.substr(1);
  const auto put = [](auto& changes, Ticks at, auto value) {
    if (!changes.empty() && changes.back().at == at) changes.pop_back();
    if (changes.empty() || !(changes.back().value == value)) changes.push_back({at, value});
  };
  if (starts_with(body, "part")) {
    staff.part = body.substr(4);
  } else if (starts_with(body, "I\"")) {
    if (staff.name.empty()) staff.name = to_utf8(body.substr(2));
  } else if (starts_with(body, "IC")) {
    staff.group = body.substr(2);
  } else if (starts_with(body, "ITr") || starts_with(body, "Tr") || starts_with(body, "I'")) {
    // Notes are at sounding pitch; these say how to print them.
  } else if (starts_with(body, "I") && body.size() > 2) {
    if (staff.code.empty() && body != "Iempty") staff.code = body.substr(1);
  } else if (starts_with(body, "MM")) {
    double bpm = 0;
    const auto [end, error] = std::from_chars(body.data() + 2, body.data() + body.size(), bpm);
    const auto tempo = music::Tempo::of(bpm);
    if (error == std::errc() && tempo) put(score.tempos, now(), *tempo);
  } else if (starts_with(body, "M") && body.size() > 1 && body[1] >= '0' && body[1] <= '9') {
    const std::size_t slash = body.find('/');
    if (slash == std::string_view::npos) return;
    const auto numerator = leading_number(body.substr(1));
    const auto denominator = leading_number(body.substr(slash + 1));
    // "0" is a breve; nothing in a score is said of it, so it counts as a whole twice.
    const bool breve = denominator && *denominator == 0;
    constexpr int far_too_many = 1000;  // Which `Meter` refuses, doubled or not.
    const int beats = std::min(numerator.value_or(0), far_too_many);
    const auto meter =
        music::Meter::of(breve ? beats * 2 : beats, breve ? 1 : denominator.value_or(0));
    if (!meter) return;
    meter_ = *meter;
    meter_known_ = true;
    put(score.meters, now(), *meter);
  } else if (starts_with(body, "k[")) {
    int fifths = 0;
    for (const char c : body) fifths += c == '#' ? 1 : c == '-' ? -1 : 0;
    const auto mode = score.keys.empty() ? music::Mode::major : score.keys.back().value.mode;
    if (fifths >= -7 && fifths <= 7) put(score.keys, now(), music::Key{fifths, mode});
  } else if (body.size() <= 4 && body.find(':') != std::string_view::npos && !score.keys.empty()) {
    const char tonic = body[0];
    if ((tonic >= 'a' && tonic <= 'g') || (tonic >= 'A' && tonic <= 'G')) {
      const auto mode = tonic >= 'a' ? music::Mode::minor : music::Mode::major;
      put(score.keys, now(), music::Key{score.keys.back().value.fifths, mode});
    }
  } else if (starts_with(body, ">[")) {
    std::vector<std::string_view> names;
    split(body.substr(2, body.find(']') - 2), ',', names);
    expansion_.assign(names.begin(), names.end());
  } else if (starts_with(body, ">") && !starts_with(body, ">norep")) {
    if (sections_.empty() || sections_.back().first != body.substr(1)) {
      sections_.emplace_back(body.substr(1), now());
    }
  }
}

Status KernReader::interpretations(const std::vector<std::string_view>& tokens) {
  bool has_paths = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view token = tokens[i];
    has_paths |= token == "*^" || token == "*v" || token == "*x" || token == "*-" || token == "*+";
    if (spines_[i].kind == Spine::Kind::kern && token.size() > 1) interpretation(token, spines_[i]);
  }
  return has_paths ? paths(tokens) : Status(Done{});
}

void KernReader::bar_line(std::string_view token) {
  const std::int64_t length = time_ - bar_start_;
  if (bar_open_ && length > 0) {
    ++out_.facts.bars;
    const std::int64_t expected = meter_.bar().count * units_per_tick;
    last_bar_off_ = meter_known_ && length != expected ? 1 : 0;
    out_.facts.bars_off_meter += static_cast<int>(last_bar_off_);
    auto& meters = out_.reading.score.meters;
    if (bar_lines_ == 0 && last_bar_off_ != 0) {
      // An upbeat: a bar of its own length, then the meter.
      out_.facts.bars_off_meter = 0;
      const auto upbeat = upbeat_meter(length, kern_units_per_quarter);
      if (length < expected && upbeat && !meters.empty() && meters.front().at == Ticks{}) {
        meters.front().value = *upbeat;
        if (meters.size() == 1 || meters[1].at > now()) {
          meters.insert(meters.begin() + 1, {now(), meter_});
        }
      }
    }
    ++bar_lines_;
  }
  if (token.find(':') != std::string_view::npos && expansion_.empty()) {
    if (!sections_.empty()) dropped_.insert("repeats without an order of sections");
    const auto has = [&](std::string_view sign) {
      return token.find(sign) != std::string_view::npos;
    };
    repeats_.push_back({now(), has(":|") || has(":!"), has("|:") || has("!:")});
  }
  bar_open_ = true;
  bar_start_ = time_;
}

void KernReader::add_note(const KernNote& note, std::int64_t onset, std::int64_t end,
                          Staff& staff) {
  const auto ticks = [](std::int64_t units) {
    return Ticks{(units + units_per_tick / 2) / units_per_tick};
  };
  const Ticks from = ticks(onset), to = std::max(ticks(end), from + Ticks{1});
  std::ptrdiff_t& tied = staff.tied[static_cast<std::size_t>(note.pitch)];
  if ((note.tie_goes_on || note.tie_ends) && tied >= 0) {
    music::Note& before = staff.notes[static_cast<std::size_t>(tied)];
    before.duration = to - before.onset;
  } else {
    if (note.tie_starts || note.tie_goes_on) tied = static_cast<std::ptrdiff_t>(staff.notes.size());
    staff.notes.push_back({from, to - from, static_cast<std::uint8_t>(note.pitch), staff.velocity});
  }
  if (note.tie_ends) tied = -1;
}

void KernReader::kern_token(std::string_view token, Spine& spine) {
  split(token, ' ', subtokens_);
  std::vector<int> chord;
  std::int64_t duration = 0, longest = 0;
  std::int64_t onset = time_;
  Staff& staff = staves_[spine.staff];
  bool first = true;
  for (const std::string_view subtoken : subtokens_) {
    const auto note = parse_kern_note(subtoken, duration);
    if (!note) {
      dropped_.insert("tokens that are neither notes nor rests");
      continue;
    }
    if (note->grace) {
      if (note->pitch >= 0) chord.push_back(note->pitch);
      continue;
    }
    if (first) duration = note->duration;
    longest = std::max(longest, note->duration);
    if (note->pitch < 0) {
      first = false;
      continue;
    }
    if (first && !spine.grace.empty()) {
      // Short, on the beat, out of the note that they lead to.
      const auto count = static_cast<std::int64_t>(spine.grace.size());
      const std::int64_t each = std::min(kern_units_per_quarter / 8, duration / (2 * count));
      for (const auto& pitches : spine.grace) {
        for (const int pitch : pitches) add_note({0, pitch}, onset, onset + each, staff);
        onset += each;
      }
    }
    first = false;
    add_note(*note, onset, time_ + note->duration, staff);
  }
  if (!chord.empty()) {
    if (spine.grace.size() < 64) spine.grace.push_back(std::move(chord));
    return;
  }
  spine.grace.clear();
  spine.until = time_ + longest;
}

void KernReader::dynamics(std::string_view token, Staff& staff) {
  split(token, ' ', subtokens_);
  for (const std::string_view mark : subtokens_) {
    const auto velocity = kern_velocity(mark);
    if (!velocity) continue;
    staff.velocity = *velocity;
    staff.velocities_known = true;
  }
}

Status KernReader::data(const std::vector<std::string_view>& tokens) {
  // Marks first: they hold for the notes of their line.
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (spines_[i].kind == Spine::Kind::loudness && tokens[i] != ".") {
      const std::size_t last = spines_[i].staff;
      // One spine of marks is for all staves of its part.
      for (Staff& staff : staves_) {
        if (&staff == &staves_[last] || (!staff.part.empty() && staff.part == staves_[last].part)) {
          dynamics(tokens[i], staff);
        }
      }
    }
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] == "." || tokens[i].empty()) continue;
    Spine& spine = spines_[i];
    if (spine.kind == Spine::Kind::kern) {
      kern_token(tokens[i], spine);
    } else if (spine.kind == Spine::Kind::lyrics) {
      staves_[spine.staff].lyrics.push_back({now(), spine.verse, to_utf8(tokens[i])});
    } else if (spine.kind == Spine::Kind::chords) {
      out_.reading.score.chords.push_back({now(), to_utf8(tokens[i])});
    }
  }
  std::int64_t next = -1;
  for (const Spine& spine : spines_) {
    if (spine.kind != Spine::Kind::kern || spine.until <= time_) continue;
    if (next < 0 || spine.until < next) next = spine.until;
  }
  if (next > 0) {
    bar_open_ = true;
    time_ = next;
  }
  if (time_ > latest_quarter * kern_units_per_quarter) {
    return fail("the piece lasts more than " + std::to_string(latest_quarter) + " quarters");
  }
  return Done{};
}

void KernReader::put_parts() {
  music::Score& score = out_.reading.score;
  const auto keyboard = [](const Staff& staff) {
    return is_kern_keyboard(staff.code, staff.group);
  };
  // The lowest staff stands first in a file; a score begins with the highest.
  for (std::size_t i = staves_.size(); i-- > 0;) {
    Staff& staff = staves_[i];
    const bool above = i + 1 < staves_.size();
    const bool same_part = above && !staff.part.empty() && staff.part == staves_[i + 1].part;
    const bool same_keyboard = above && keyboard(staff) && keyboard(staves_[i + 1]) &&
                               staff.code == staves_[i + 1].code && staff.part.empty();
    if ((same_part || same_keyboard) && !score.parts.empty()) {
      music::Part& part = score.parts.back();
      part.notes.insert(part.notes.end(), staff.notes.begin(), staff.notes.end());
      part.lyrics.insert(part.lyrics.end(), staff.lyrics.begin(), staff.lyrics.end());
      part.velocities_known |= staff.velocities_known;
      continue;
    }
    music::Part part;
    part.name = staff.name.empty() ? staff.code : staff.name;
    auto program = kern_program(staff.code, staff.group);
    if (!program) program = program_of_name(part.name).value_or(staff.lyrics.empty() ? 0 : 52);
    part.program = static_cast<std::uint8_t>(*program);
    part.velocities_known = staff.velocities_known;
    part.notes = std::move(staff.notes);
    part.lyrics = std::move(staff.lyrics);
    score.parts.push_back(std::move(part));
  }
  if (score.tempos.empty()) {
    if (const auto bpm = kern_tempo(tempo_word_))
      score.tempos.push_back({Ticks{}, *music::Tempo::of(*bpm)});
  }
}

// Plays what repeats as often as it should: by the order of sections, else by the repeat signs.
void KernReader::unfold() {
  music::Score& score = out_.reading.score;
  const Ticks end = music::end_of(score);
  const auto refuse = [&] { dropped_.insert("repeats that make a piece many times as long"); };
  std::vector<Span> order;
  if (expansion_.empty()) {
    order = spans_of_repeats(repeats_, end);
  } else {
    if (expansion_.size() > max_sections) return refuse();
    for (const std::string& name : expansion_) {
      const auto section = std::find_if(sections_.begin(), sections_.end(),
                                        [&](const auto& s) { return s.first == name; });
      if (section == sections_.end()) return;
      const auto next = section + 1;
      order.push_back({section->second, next == sections_.end() ? end : next->second});
    }
    if (sections_.front().second != Ticks{}) return;
  }
  if (order.empty()) return;
  auto played = play_in_order(score, order);
  if (!played) return refuse();
  score = *std::move(played);
}

Result<KernReading> KernReader::read(std::string_view text) {
  std::vector<std::string_view> tokens;
  if (starts_with(text, "\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find('\n', from), text.size());
    std::string_view line = text.substr(from, to - from);
    from = to + 1;
    ++line_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (starts_with(line, "!!!")) {
      reference(line);
      continue;
    }
    if (line[0] == '!') continue;
    split(line, '\t', tokens);
    if (starts_with(line, "**")) {
      if (!staves_.empty() && spines_.empty()) break;  // Another piece begins.
      ANTIPHON_CHECK(exclusive(tokens));
      continue;
    }
    if (spines_.empty()) {
      if (!staves_.empty()) break;  // All spines have ended; what follows is another piece.
      return fail(
          "not Humdrum **kern: expected a line that begins with '**' before the first notes");
    }
    if (tokens.size() != spines_.size()) {
      return fail("the line has " + std::to_string(tokens.size()) + " columns, expected " +
                  std::to_string(spines_.size()));
    }
    if (line[0] == '*') {
      ANTIPHON_CHECK(interpretations(tokens));
    } else if (line[0] == '=') {
      bar_line(tokens[0]);
    } else {
      ANTIPHON_CHECK(data(tokens));
    }
  }
  if (staves_.empty()) return fail("there is no **kern spine, so there are no notes");
  // The last bar may be short, to make up for the upbeat.
  out_.facts.bars_off_meter -= static_cast<int>(last_bar_off_);
  out_.facts.bars_off_meter = std::max(out_.facts.bars_off_meter, 0);
  put_parts();
  music::Score& score = out_.reading.score;
  music::sort(score);
  if (!expansion_.empty() || (sections_.empty() && !repeats_.empty())) {
    unfold();
    music::sort(score);
  }
  for (music::Part& part : score.parts) music::separate_unisons(part);
  out_.reading.dropped.assign(dropped_.begin(), dropped_.end());
  return std::move(out_);
}

}  // namespace

Result<KernReading> read_kern_with_facts(ByteView bytes, std::string_view name) {
  return KernReader(name).read(as_text(bytes));
}

Result<Reading> read_kern(ByteView bytes, std::string_view name) {
  ANTIPHON_TRY(KernReading read, read_kern_with_facts(bytes, name));
  return std::move(read.reading);
}

}  // namespace antiphon::formats
