// SPDX-License-Identifier: Apache-2.0
#include "formats/kern_token.h"

#include <algorithm>
#include <cctype>

namespace antiphon::formats {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t read_number(std::string_view text, std::size_t& at) {
  std::int64_t value = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    value = std::min<std::int64_t>(value * 10 + (text[at] - '0'), 1 << 16);
  }
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_kern_duration(std::string_view text) {
  const std::size_t start = std::min(text.find_first_of("0123456789"), text.size());
  std::size_t at = start;
  const std::int64_t value = read_number(text, at);
  if (at == start) return std::nullopt;
  constexpr std::int64_t whole = kern_units_per_quarter * 4;
  std::int64_t units = 0;
  if (value == 0) {
    // Breve, long, maxima: 0, 00, 000.
    const std::size_t zeros = std::min<std::size_t>(at - start, 3);
    units = whole << zeros;
  } else {
    std::int64_t times = 1;
    if (at < text.size() && text[at] == '%') {
      ++at;
      times = std::clamp<std::int64_t>(read_number(text, at), 1, 1 << 10);
    }
    units = whole * times / value;
  }
  std::int64_t dot = units / 2;
  for (std::size_t i = 0; i < 8 && at + i < text.size() && text[at + i] == '.'; ++i, dot /= 2)
    units += dot;
  return units;
}

std::optional<KernNote> parse_kern_note(std::string_view token, std::int64_t default_duration) {
  KernNote note;
  note.duration = parse_kern_duration(token).value_or(default_duration);
  int letters = 0, alter = 0;
  char letter = 0;
  bool rest = false;
  for (const char c : token) {
    switch (c) {
      case '[':
        note.tie_starts = true;
        break;
      case '_':
        note.tie_goes_on = true;
        break;
      case ']':
        note.tie_ends = true;
        break;
      case 'q':
      case 'Q':
        note.grace = true;
        break;
      case 'r':
        rest = true;
        break;
      case '#':
        ++alter;
        break;
      case '-':
        --alter;
        break;
      default: {
        const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (lower < 'a' || lower > 'g') break;
        if (letter != 0 && c != letter) break;
        letter = c;
        ++letters;
      }
    }
  }
  if (note.grace) note.duration = 0;
  if (rest) return note;
  if (letter == 0) return std::nullopt;
  constexpr int steps[] = {9, 11, 0, 2, 4, 5, 7};
  const bool upper = letter < 'a';
  const int octave = upper ? 4 - letters : 3 + letters;
  const int step = steps[std::tolower(static_cast<unsigned char>(letter)) - 'a'];
  const int pitch = (octave + 1) * 12 + step + alter;
  if (pitch < 0 || pitch > 127) return std::nullopt;
  note.pitch = pitch;
  return note;
}

}  // namespace antiphon::formats
