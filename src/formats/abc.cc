// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "formats/abc_fields.h"
#include "formats/abc_voice.h"
#include "formats/format.h"
#include "formats/text.h"

// The ABC music standard 2.1 (Walshaw and others, 2011).
namespace antiphon::formats {
namespace {

constexpr std::size_t smallest_budget = std::size_t{1} << 18;

struct Line {
  int number;
  std::string_view text;
};

bool is_field(std::string_view line) {
  return line.size() >= 2 && line[1] == ':' && line[0] != '|' &&
         ((line[0] >= 'A' && line[0] <= 'Z') || (line[0] >= 'a' && line[0] <= 'z') ||
          line[0] == '+');
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") + 1 - from);
}

// A comment goes to the end of the line; "\%" is a percent sign.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '%' && (i == 0 || line[i - 1] != '\\')) return line.substr(0, i);
  }
  return line;
}

class TuneReader {
 public:
  explicit TuneReader(std::string_view name) : name_(name) {}

  /// `bytes` is the size of the file, which bounds what its repeats may make.
  Result<Reading> read(const std::vector<Line>& header, const std::vector<Line>& tune,
                       std::size_t bytes);

 private:
  Error fail(int line, const std::string& what) const {
    return {Errc::invalid_input, name_ + ":" + std::to_string(line) + ": " + what};
  }
  Status field(char letter, std::string_view value, int line);
  Status voice_field(std::string_view value, int line);
  Status music_line(std::string_view text, int line);
  AbcVoice& voice(const std::string& id);
  void directive(std::string_view text);

  std::string name_;
  Reading reading_;
  AbcDefaults defaults_;
  bool in_body_ = false;
  std::vector<std::string> order_;
  std::map<std::string, AbcVoice> voices_;
  std::string current_ = "";
  std::set<std::string> dropped_;
};

AbcVoice& TuneReader::voice(const std::string& id) {
  auto found = voices_.find(id);
  if (found == voices_.end()) {
    found = voices_.emplace(id, AbcVoice(defaults_)).first;
    order_.push_back(id);
  }
  return found->second;
}

Status TuneReader::voice_field(std::string_view value, int line) {
  const std::string id(trimmed(value.substr(0, value.find_first_of(" \t"))));
  if (id.empty()) return fail(line, "V: has no voice's name");
  if (voices_.size() >= 64 && !voices_.contains(id)) return fail(line, "more than 64 voices");
  current_ = id;
  AbcVoice& chosen = voice(id);
  const std::size_t rest = value.find_first_of(" \t");
  if (rest != std::string_view::npos) chosen.set_properties(value.substr(rest));
  return Done{};
}

Status TuneReader::field(char letter, std::string_view value, int line) {
  value = trimmed(value);
  switch (letter) {
    case 'T':
      if (reading_.score.title.empty()) reading_.score.title = to_utf8(value);
      break;
    case 'C':
      if (reading_.score.composer.empty()) reading_.score.composer = to_utf8(value);
      break;
    case 'M':
    case 'L':
    case 'Q':
    case 'K': {
      // Before the first note a field is for all voices, later for the one that it stands in.
      if (!in_body_ || voices_.empty()) {
        const Status status = defaults_.set(letter, value);
        if (!status) return fail(line, status.error().message);
      } else {
        const Status status = voice(current_).set(letter, value);
        if (!status) return fail(line, status.error().message);
      }
      if (letter == 'K' && !in_body_) {
        in_body_ = true;
        for (auto& [id, one] : voices_) one.start(defaults_);
        if (!order_.empty()) current_ = order_.front();
      }
      break;
    }
    case 'V':
      return voice_field(value, line);
    case 'w':
      voice(current_).words(to_utf8(value));
      break;
    case 'I':
      directive(value);
      break;
    case 'P':
      if (!in_body_) dropped_.insert("the order of parts (P:)");
      break;
    default:
      break;
  }
  return Done{};
}

void TuneReader::directive(std::string_view text) {
  constexpr std::string_view propagate = "propagate-accidentals";
  if (text.substr(0, propagate.size()) == propagate) {
    const std::string_view how = trimmed(text.substr(propagate.size()));
    defaults_.accidentals = how == "not"      ? AbcAccidentals::no
                            : how == "octave" ? AbcAccidentals::octave
                                              : AbcAccidentals::pitch;
    for (auto& [id, one] : voices_) one.set_accidentals(defaults_.accidentals);
    return;
  }
  if (text.substr(0, 4) != "MIDI") return;
  const std::string_view rest = trimmed(text.substr(4));
  // "program 40", "program CHANNEL 40", "channel 10": the last number counts.
  const std::size_t space = rest.find_last_of(" \t");
  if (space == std::string_view::npos) return;
  int number = 0;
  for (const char c : rest.substr(space + 1)) {
    if (c < '0' || c > '9' || number > 127) return;
    number = number * 10 + (c - '0');
  }
  const bool own = in_body_ && !voices_.empty();
  if (rest.substr(0, 7) == "program" && number <= 127) {
    if (own) {
      voice(current_).set_program(number);
    } else {
      defaults_.program = number;
    }
  } else if (rest.substr(0, 7) == "channel" && number == 10) {
    if (own) {
      voice(current_).set_drums();
    } else {
      defaults_.clef.percussion = true;
    }
  }
}

Status TuneReader::music_line(std::string_view text, int line) {
  const bool goes_on = text.back() == '\\';  // The words below are for this line and the next.
  if (goes_on) text.remove_suffix(1);
  std::size_t at = 0;
  while (at < text.size()) {
    // An inline [V:..] changes the voice in mid-line.
    if (text[at] == '[' && at + 2 < text.size() && text[at + 2] == ':') {
      const std::size_t end = text.find(']', at);
      if (end == std::string_view::npos) return fail(line, "an inline field '[' has no ']'");
      ANTIPHON_CHECK(field(text[at + 1], text.substr(at + 3, end - at - 3), line));
      at = end + 1;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && !(text[end] == '[' && end + 2 < text.size() &&
                                  text[end + 2] == ':' && text[end + 1] != '|')) {
      ++end;
    }
    const Status status = voice(current_).music(text.substr(at, end - at));
    if (!status) return fail(line, status.error().message);
    at = end;
  }
  if (!goes_on) voice(current_).end_line();
  return Done{};
}

Result<Reading> TuneReader::read(const std::vector<Line>& header, const std::vector<Line>& tune,
                                 std::size_t bytes) {
  int last_line = 0;
  char last_field = 0;
  for (const std::vector<Line>* lines : {&header, &tune}) {
    for (const Line& line : *lines) {
      last_line = line.number;
      if (line.text.substr(0, 2) == "%%") {
        directive(line.text.substr(2));
        continue;
      }
      const std::string_view text = trimmed(without_comment(line.text));
      if (text.empty()) continue;
      if (is_field(text)) {
        const char letter = text[0] == '+' ? last_field : text[0];
        last_field = letter;
        ANTIPHON_CHECK(field(letter, text.substr(2), line.number));
      } else if (in_body_) {
        ANTIPHON_CHECK(music_line(text, line.number));
      }
    }
  }
  if (!in_body_) return fail(last_line, "the tune has no key (K:), which ends its header");

  music::Score& score = reading_.score;
  // Notes and words of all voices, as played: it bounds repeats.
  std::size_t budget = std::max(smallest_budget, bytes);
  bool first = true;
  for (const std::string& id : order_) {
    AbcVoice& one = voices_.at(id);
    if (one.empty()) continue;
    auto played = one.play(budget);
    if (!played)
      return Error{Errc::invalid_input, name_ + ": voice " + id + ": " + played.error().message};
    voices_.erase(id);  // What was written is no longer needed, and may be large.
    music::Part part = std::move(played->part);
    part.notes.shrink_to_fit();
    part.lyrics.shrink_to_fit();
    if (part.name.empty()) part.name = id;
    score.parts.push_back(std::move(part));
    if (first) {
      score.meters = played->meters;
      score.keys = played->keys;
      score.tempos = played->tempos;
    }
    score.chords.insert(score.chords.end(), played->chords.begin(), played->chords.end());
    dropped_.insert(played->dropped.begin(), played->dropped.end());
    first = false;
  }
  music::sort(score);
  for (music::Part& part : score.parts) music::separate_unisons(part);
  reading_.dropped.assign(dropped_.begin(), dropped_.end());
  return std::move(reading_);
}

struct Tune {
  std::vector<Line> lines;
};

// The file's own header, then its tunes. A tune begins with X: and ends with an empty line.
std::pair<std::vector<Line>, std::vector<Tune>> split_tunes(std::string_view text) {
  std::vector<Line> header;
  std::vector<Tune> tunes;
  bool inside = false;
  int number = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find('\n', from), text.size());
    std::string_view line = text.substr(from, to - from);
    from = to + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (number == 1 && line.substr(0, 3) == "\xef\xbb\xbf") line.remove_prefix(3);
    if (line.substr(0, 2) == "X:") {
      tunes.emplace_back();
      inside = true;
    } else if (trimmed(line).empty()) {
      inside = false;
      continue;
    }
    if (inside) {
      tunes.back().lines.push_back({number, line});
    } else if (tunes.empty()) {
      header.push_back({number, line});
    }
  }
  return {std::move(header), std::move(tunes)};
}

}  // namespace

std::vector<Result<Reading>> read_abc_tunes(ByteView bytes, std::string_view name) {
  const auto [header, tunes] = split_tunes(as_text(bytes));
  std::vector<Result<Reading>> readings;
  for (const Tune& tune : tunes)
    readings.push_back(TuneReader(name).read(header, tune.lines, bytes.size()));
  return readings;
}

Result<Reading> read_abc(ByteView bytes, std::string_view name) {
  const auto [header, tunes] = split_tunes(as_text(bytes));
  if (tunes.empty()) {
    return Error{Errc::invalid_input,
                 std::string(name) + ": no tune; in ABC a tune begins with a line 'X:1'"};
  }
  auto reading = TuneReader(name).read(header, tunes.front().lines, bytes.size());
  if (reading && tunes.size() > 1) {
    reading->dropped.push_back("all tunes but the first of " + std::to_string(tunes.size()));
  }
  return reading;
}

}  // namespace antiphon::formats
