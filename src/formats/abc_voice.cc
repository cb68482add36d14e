// SPDX-License-Identifier: Apache-2.0
#include "formats/abc_voice.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <iterator>

#include "formats/text.h"

namespace antiphon::formats {
namespace {

constexpr std::size_t max_bars = 1 << 16;
constexpr int longest_rest_bars = 1000;
constexpr std::int64_t longest_item = abc_units_per_quarter << 12;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_note(char c) { return (c >= 'a' && c <= 'g') || (c >= 'A' && c <= 'G'); }
bool is_accidental(char c) { return c == '^' || c == '_' || c == '='; }

std::int64_t take_number(std::string_view& text, std::int64_t absent) {
  if (text.empty() || !is_digit(text[0])) return absent;
  std::int64_t value = 0;
  while (!text.empty() && is_digit(text[0])) {
    value = std::min<std::int64_t>(value * 10 + (text[0] - '0'), 1024);
    text.remove_prefix(1);
  }
  return value;
}

Error unclear(const std::string& what) { return {Errc::invalid_input, what}; }

}  // namespace

void AbcVoice::start(const AbcDefaults& defaults) {
  const AbcClef own = state_.clef;
  const int program = state_.program;
  state_ = defaults;
  if (own.semitones() != 0 || own.percussion) state_.clef = own;
  if (program >= 0) state_.program = program;
}

Status AbcVoice::set(char letter, std::string_view value) {
  ANTIPHON_CHECK(state_.set(letter, value));
  auto change = std::make_unique<Change>();
  if (letter == 'M') change->meter = state_.meter;
  if (letter == 'Q') change->tempo = state_.tempo;
  if (letter == 'K') change->key = state_.key.key;
  bar();
  items_.emplace_back().more().change = std::move(change);
  return Done{};
}

void AbcVoice::set_properties(std::string_view properties) {
  state_.clef.take(properties);
  for (const std::string_view key : {"name", "nm"}) {
    if (const auto name = abc_property(properties, key); name && name_.empty())
      name_ = to_utf8(*name);
  }
}

AbcVoice::Bar& AbcVoice::bar() {
  if (bars_.empty()) {
    next_bar();
    // What holds at the start is said as a change, so that playing needs no second source.
    items_.emplace_back().more().change =
        std::make_unique<Change>(Change{state_.tempo, state_.meter, state_.key.key});
  }
  return bars_.back();
}

std::int64_t AbcVoice::length(std::string_view& text) {
  std::int64_t numerator = std::max<std::int64_t>(take_number(text, 1), 1);
  std::int64_t denominator = 1;
  while (!text.empty() && text[0] == '/') {
    text.remove_prefix(1);
    denominator =
        std::min<std::int64_t>(denominator * std::max<std::int64_t>(take_number(text, 2), 1), 1024);
  }
  return state_.unit * numerator / denominator;
}

// What an accidental in this bar says of a note; 100: nothing.
int& AbcVoice::accidental_of(int step, int octave) {
  const bool everywhere = state_.accidentals == AbcAccidentals::pitch;
  return bar_accidentals_.try_emplace({step, everywhere ? 0 : octave}, 100).first->second;
}

Result<AbcVoice::Pitch> AbcVoice::pitch(std::string_view& text) {
  std::optional<int> accidental;
  while (!text.empty() && is_accidental(text[0])) {
    accidental = accidental.value_or(0) + (text[0] == '^' ? 1 : text[0] == '_' ? -1 : 0);
    text.remove_prefix(1);
  }
  // Quarter tones, as in ^/c, are not what a Score holds.
  if (accidental && !text.empty() && text[0] == '/') {
    dropped_.insert("quarter tones");
    accidental = 0;
    text.remove_prefix(1);
  }
  if (text.empty() || !is_note(text[0])) return unclear("an accidental without a note after it");
  constexpr std::array<int, 7> steps = {9, 11, 0, 2, 4, 5, 7};
  const char letter = text[0];
  text.remove_prefix(1);
  const bool high = letter >= 'a';
  const int index = std::tolower(static_cast<unsigned char>(letter)) - 'a';
  int octave = high ? 6 : 5;
  for (; !text.empty() && (text[0] == '\'' || text[0] == ','); text.remove_prefix(1)) {
    octave += text[0] == '\'' ? 1 : -1;
  }
  const int step = (index + 5) % 7;  // C = 0.
  int& in_bar = accidental_of(step, octave);
  int alter = in_bar != 100 ? in_bar : state_.key.accidentals[static_cast<std::size_t>(step)];
  for (const Written& note : carried_) {
    if (note.step == step && note.octave == octave && in_bar == 100) alter = note.alter;
  }
  if (accidental) {
    alter = *accidental;
    if (state_.accidentals != AbcAccidentals::no) in_bar = alter;
  }
  const int midi =
      octave * 12 + steps[static_cast<std::size_t>(index)] + alter + state_.clef.semitones();
  if (midi < 0 || midi > 127) return unclear("a note outside of the range that instruments have");
  last_written_.push_back({step, octave, alter, false});
  return Pitch{static_cast<std::int16_t>(midi), false};
}

Status AbcVoice::grace(std::string_view& text) {
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return unclear("a grace note '{' has no '}'");
  std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  while (!inside.empty()) {
    if (is_note(inside[0]) || is_accidental(inside[0])) {
      const auto note = pitch(inside);
      if (!note) return note.error();
      (void)length(inside);
      if (pending_grace_.size() < 16) pending_grace_.push_back(note->midi);
    } else {
      inside.remove_prefix(1);
    }
  }
  return Done{};
}

Status AbcVoice::tuplet(std::string_view& text) {
  text.remove_prefix(1);
  const std::int64_t p = take_number(text, 0);
  if (p < 2 || p > 64)
    return unclear("a tuplet of " + std::to_string(p) + " notes; expected 2 to 64");
  const bool compound =
      state_.meter && state_.meter->numerator() % 3 == 0 && state_.meter->denominator() >= 8;
  constexpr std::array<int, 10> usual = {0, 0, 3, 2, 3, 0, 2, 0, 3, 0};
  std::int64_t q = p < 10 ? usual[static_cast<std::size_t>(p)] : 0;
  if (q == 0) q = compound ? 3 : 2;
  std::int64_t r = p;
  if (!text.empty() && text[0] == ':') {
    text.remove_prefix(1);
    q = take_number(text, q);
    if (!text.empty() && text[0] == ':') {
      text.remove_prefix(1);
      r = take_number(text, r);
    }
  }
  tuplet_from_ = p;
  tuplet_to_ = std::clamp<std::int64_t>(q, 1, 64);
  tuplet_left_ = static_cast<int>(r);
  return Done{};
}

void AbcVoice::add(Item item) {
  if (tuplet_left_ > 0 && !item.whole_bars) {
    item.duration = item.duration * tuplet_to_ / tuplet_from_;
    --tuplet_left_;
  }
  if (broken_next_ != 0) {
    // a>b: the first one and a half, the second a half; more signs, more dots.
    const int dots = std::min(std::abs(broken_next_), 3);
    const std::int64_t small = item.duration >> dots;
    item.duration = broken_next_ > 0 ? small : item.duration * 2 - small;
    broken_next_ = 0;
  }
  item.duration = std::min(item.duration, longest_item);
  if (!pending_chord_.empty()) item.more().symbol = std::exchange(pending_chord_, {});
  bar();
  if (item.is_note()) {
    if (!pending_grace_.empty()) item.more().grace = std::exchange(pending_grace_, {});
    carried_.clear();
    ++notes_;
    if (line_ended_) {
      line_notes_.clear();
      line_ended_ = false;
      verse_ = 0;
    }
    line_notes_.push_back(static_cast<std::uint32_t>(items_.size()));
  }
  items_.push_back(std::move(item));
}

// The note or chord before is tied to what comes.
void AbcVoice::tie_last() {
  if (items_.empty()) return;
  items_.back().tie();
  for (Written& note : last_written_) note.tied = true;
}

void AbcVoice::broken_rhythm(std::string_view& text) {
  const char sign = text[0];
  int dots = 0;
  for (; !text.empty() && text[0] == sign; text.remove_prefix(1)) ++dots;
  dots = std::min(dots, 3);
  if (bars_.empty()) return;
  const auto start =
      items_.rend() - static_cast<std::ptrdiff_t>(bars_.back().first);  // Backwards: the bar's end.
  const auto last =
      std::find_if(items_.rbegin(), start, [](const Item& item) { return item.duration > 0; });
  if (last == start) return;
  const std::int64_t small = last->duration >> dots;
  last->duration = sign == '>' ? std::min(last->duration * 2 - small, longest_item) : small;
  broken_next_ = sign == '>' ? dots : -dots;
}

Status AbcVoice::note_or_chord(std::string_view& text) {
  Item item;
  last_written_.clear();
  if (text[0] != '[') {
    ANTIPHON_TRY(item.pitch, pitch(text));
    item.duration = length(text);
  } else {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return unclear("a chord '[' has no ']'");
    std::string_view inside = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    std::int64_t first_length = 0;
    while (!inside.empty()) {
      if (is_note(inside[0]) || is_accidental(inside[0])) {
        ANTIPHON_TRY(Pitch note, pitch(inside));
        const std::int64_t own = length(inside);
        if (!inside.empty() && inside[0] == '-') note.tied = last_written_.back().tied = true;
        if (!item.is_note()) {
          first_length = own;
          item.pitch = note;
        } else if (item.more().chord.size() < 31) {
          item.extra->chord.push_back(note);
        }
      } else if (inside[0] == '"') {
        inside.remove_prefix(std::min(inside.find('"', 1), inside.size() - 1) + 1);
      } else {
        inside.remove_prefix(1);
      }
    }
    if (!item.is_note()) return Done{};
    const std::int64_t factor = length(text);
    item.duration =
        std::min(first_length, longest_item) * std::min(factor, longest_item) / state_.unit;
  }
  add(std::move(item));
  if (!text.empty() && text[0] == '-') {
    tie_last();
    text.remove_prefix(1);
  }
  return Done{};
}

Status AbcVoice::rest(std::string_view& text) {
  const char sign = text[0];
  text.remove_prefix(1);
  Item item;
  if (sign == 'z' || sign == 'x') {
    item.duration = length(text);
  } else {
    item.whole_bars = true;
    item.duration = std::max<std::int64_t>(take_number(text, 1), 1);
    if (item.duration > longest_rest_bars) {
      return unclear("a rest of more than " + std::to_string(longest_rest_bars) + " bars");
    }
  }
  add(std::move(item));
  return Done{};
}

// A bar line with its repeats and endings: every mix of | : [ ] and numbers.
bool AbcVoice::bar_line(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() &&
         (text[size] == '|' || text[size] == ':' || text[size] == ']' ||
          (text[size] == '[' && size + 1 < text.size() && text[size + 1] == '|'))) {
    ++size;
  }
  std::string_view sign = text.substr(0, size);
  const bool bracket =
      size == 0 && text.size() > 1 && text[0] == '[' && (is_digit(text[1]) || text[1] == '"');
  if (size == 0 && !bracket) return false;
  text.remove_prefix(size + (bracket ? 1 : 0));

  bar_accidentals_.clear();
  carried_.clear();
  std::copy_if(last_written_.begin(), last_written_.end(), std::back_inserter(carried_),
               [](const Written& note) { return note.tied; });
  const auto first_bar = sign.find('|');
  const bool only_colons = size > 0 && first_bar == std::string_view::npos;
  const std::size_t colons_before =
      only_colons ? size : std::min(sign.find_first_not_of(':'), size);
  const bool ends_repeat = size > 0 && (only_colons ? size >= 2 : sign[0] == ':');
  const bool starts_repeat =
      size > 0 && (only_colons ? size >= 2 : sign.back() == ':' && sign.size() > 1);
  const bool heavy = ends_repeat || starts_repeat || sign.find("||") != std::string_view::npos ||
                     sign.find("|]") != std::string_view::npos;
  Bar& before = bar();
  if (ends_repeat)
    before.flow.times = static_cast<int>(std::clamp<std::size_t>(colons_before + 1, 2, 4));
  if (only_colons) before.flow.times = 2;
  if (heavy && ending_open_) {
    before.flow.ending_stops = true;
    ending_open_ = false;
  }
  const bool holds_something =
      std::any_of(items_.begin() + static_cast<std::ptrdiff_t>(before.first), items_.end(),
                  [](const Item& item) { return item.duration > 0; });
  if (bars_.size() < max_bars && (holds_something || before.flow.times > 0)) next_bar();
  if (starts_repeat) bars_.back().flow.forward_repeat = true;

  // "[1", "|2", ":|2,3", "[1-3".
  if (!bracket && !text.empty() && text[0] == '[' && text.size() > 1 && is_digit(text[1]))
    text.remove_prefix(1);
  if (!text.empty() && is_digit(text[0])) {
    if (ending_open_ && bars_.size() > 1) bars_[bars_.size() - 2].flow.ending_stops = true;
    std::uint64_t endings = 0;
    std::int64_t from = take_number(text, 1);
    const auto add_endings = [&](std::int64_t low, std::int64_t high) {
      for (std::int64_t n = std::max<std::int64_t>(low, 1); n <= std::min<std::int64_t>(high, 63);
           ++n) {
        endings |= std::uint64_t{1} << (n - 1);
      }
    };
    add_endings(from, from);
    while (text.size() > 1 && (text[0] == ',' || text[0] == '-') && is_digit(text[1])) {
      const bool range = text[0] == '-';
      text.remove_prefix(1);
      const std::int64_t to = take_number(text, from);
      add_endings(range ? from : to, to);
      from = to;
    }
    bars_.back().flow.ending_starts = endings;
    ending_open_ = true;
  }
  return true;
}

Status AbcVoice::music(std::string_view text) {
  while (!text.empty()) {
    const char c = text[0];
    if (is_note(c) || is_accidental(c)) {
      ANTIPHON_CHECK(note_or_chord(text));
    } else if (c == '[' && text.size() > 1 && !is_digit(text[1]) && text[1] != '|' &&
               text[1] != '"') {
      ANTIPHON_CHECK(note_or_chord(text));
    } else if (c == '[' && text.size() > 2 && text[1] == '"' &&
               text.find(']') != std::string_view::npos && text.find('"', 2) < text.find(']')) {
      ANTIPHON_CHECK(note_or_chord(text));
    } else if (c == 'z' || c == 'x' || c == 'Z' || c == 'X') {
      ANTIPHON_CHECK(rest(text));
    } else if (c == '{') {
      ANTIPHON_CHECK(grace(text));
    } else if (c == '(' && text.size() > 1 && is_digit(text[1])) {
      ANTIPHON_CHECK(tuplet(text));
    } else if (c == '>' || c == '<') {
      broken_rhythm(text);
    } else if (c == '"') {
      const std::size_t end = text.find('"', 1);
      if (end == std::string_view::npos) return unclear("a chord symbol '\"' has no second '\"'");
      const std::string_view symbol = text.substr(1, end - 1);
      const bool annotation =
          !symbol.empty() && std::string_view("^_<>@").find(symbol[0]) != std::string_view::npos;
      if (annotation) dropped_.insert("annotations");
      if (!annotation && !symbol.empty()) pending_chord_ = to_utf8(symbol);
      text.remove_prefix(end + 1);
    } else if (c == '!' || c == '+') {
      // A decoration, or an old sign for a line break.
      const std::size_t end = text.find(c, 1);
      const bool decoration = end != std::string_view::npos && end < 32 &&
                              text.substr(1, end - 1).find_first_of(" |") == std::string_view::npos;
      if (decoration) dropped_.insert("decorations");
      text.remove_prefix(decoration ? end + 1 : 1);
    } else if (c == '&') {
      bar();
      items_.emplace_back().overlay = true;
      text.remove_prefix(1);
    } else if (c == '-') {
      // A tie that stands apart from its note.
      tie_last();
      text.remove_prefix(1);
    } else if (!bar_line(text)) {
      constexpr std::string_view decorations = ".~HLMOPSTuv";
      if (decorations.find(c) != std::string_view::npos) dropped_.insert("decorations");
      text.remove_prefix(1);  // Slurs, beams, spacers don't sound.
    }
  }
  return Done{};
}

void AbcVoice::words(std::string_view text) {
  ++verse_;
  std::size_t note = 0;
  std::string syllable;
  const auto give = [&](bool hyphen) {
    if (!syllable.empty() && note < line_notes_.size()) {
      syllables_.push_back({line_notes_[note], verse_, syllable + (hyphen ? "-" : "")});
    }
    if (!syllable.empty()) ++note;
    syllable.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t') {
      give(false);
    } else if (c == '-') {
      if (syllable.empty() && i > 0 && text[i - 1] == '-')
        ++note;  // One more note for the syllable.
      give(true);
    } else if (c == '_') {
      give(false);
      ++note;
    } else if (c == '*') {
      give(false);
      ++note;
    } else if (c == '|') {
      give(false);
      if (note < line_notes_.size() && note > 0) {
        // To the first note of the bar after that of the last syllable.
        const auto next =
            std::upper_bound(bars_.begin(), bars_.end(), line_notes_[note - 1],
                             [](std::uint32_t item, const Bar& one) { return item < one.first; });
        const std::size_t first = next == bars_.end() ? items_.size() : next->first;
        while (note < line_notes_.size() && line_notes_[note] < first) ++note;
      }
    } else if (c == '~') {
      syllable += ' ';
    } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '-') {
      syllable += '-';
      ++i;
    } else {
      syllable += c;
    }
  }
  give(false);
}

}  // namespace antiphon::formats
