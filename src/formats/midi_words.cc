// SPDX-License-Identifier: Apache-2.0
#include "formats/midi_words.h"

#include <algorithm>
#include <utility>

#include "formats/text.h"

namespace antiphon::formats {
namespace {

using music::Lyric;
using music::Part;
using music::Ticks;

constexpr Ticks together{Ticks::per_quarter / 8};  // Words and notes this near begin together.
constexpr std::size_t words_compared = 2048, parts_compared = 64;  // Bounds the work.
constexpr std::string_view blanks = " \t\r\n";

// The onset nearest to `at` that is together with it. Notes of a track may be unsorted in pitch
// only: events come in order of time.
const music::Note* note_with(const Part& part, Ticks at) {
  const auto& notes = part.notes;
  const auto next = std::partition_point(notes.begin(), notes.end(),
                                         [&](const music::Note& n) { return n.onset < at; });
  const music::Note* best = nullptr;
  if (next != notes.end() && next->onset - at <= together) best = &*next;
  if (next != notes.begin()) {
    const music::Note& before = *(next - 1);
    if (at - before.onset <= together && (!best || at - before.onset < best->onset - at)) {
      best = &before;
    }
  }
  return best;
}

}  // namespace

void MidiWords::add_lyric(Ticks at, std::string_view text) {
  lyrics_.push_back({at, 1, to_utf8(text)});
}

void MidiWords::add_text(Ticks at, std::string_view text) {
  if (text.empty()) return;
  if (text[0] == '@') {
    karaoke_ = true;
    return;
  }
  karaoke_ |= text[0] == '\\' || text[0] == '/';
  texts_.push_back({at, 1, to_utf8(text)});
}

std::vector<Lyric> MidiWords::take_sung() && {
  if (lyrics_.empty() && !karaoke_) return {};
  std::vector<Lyric> words = std::move(lyrics_.empty() ? texts_ : lyrics_);
  const auto starts_word = [](const std::string& text) {
    return text.find_first_of(" \t\r\n\\/") == 0;
  };
  const auto ends_word = [](const std::string& text) {
    return text.find_last_of(blanks) + 1 == text.size();
  };
  // Only a file that sets words apart says which syllables belong together.
  const bool set_apart = std::any_of(words.begin(), words.end(), [&](const Lyric& word) {
    return word.text.find_first_of(blanks) != std::string::npos;
  });
  std::vector<Lyric> sung;
  bool apart_before = true;
  for (Lyric& word : words) {
    const bool starts = apart_before || starts_word(word.text);
    if (set_apart && !starts && !sung.empty() && sung.back().text.back() != '-') {
      sung.back().text += '-';
    }
    apart_before = ends_word(word.text);
    const std::size_t from = word.text.find_first_not_of(" \t\r\n\\/");
    if (from == std::string::npos) {
      apart_before = true;
      continue;
    }
    const std::size_t last = word.text.find_last_not_of(blanks);
    sung.push_back({word.at, 1, word.text.substr(from, last + 1 - from)});
  }
  return sung;
}

std::size_t part_sung(const std::vector<Lyric>& lyrics, std::span<const Part> parts) {
  const std::size_t count = std::min(parts.size(), parts_compared);
  if (count == 1 || lyrics.empty()) return 0;
  std::vector<std::size_t> hits(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i].drums) continue;
    for (std::size_t k = 0; k < std::min(lyrics.size(), words_compared); ++k) {
      if (note_with(parts[i], lyrics[k].at)) ++hits[i];
    }
  }
  const std::size_t most = *std::max_element(hits.begin(), hits.end());
  if (most == 0) return 0;
  std::size_t best = count;
  for (std::size_t i = 0; i < count; ++i) {
    if (hits[i] * 10 < most * 9) continue;
    if (best == count || parts[i].notes.size() < parts[best].notes.size()) best = i;
  }
  return best;
}

bool give_lyrics(std::vector<Lyric> lyrics, std::span<Part> parts) {
  if (parts.empty()) return false;
  std::stable_sort(lyrics.begin(), lyrics.end(),
                   [](const Lyric& a, const Lyric& b) { return a.at < b.at; });
  Part& part = parts[part_sung(lyrics, parts)];
  for (Lyric& lyric : lyrics) {
    if (const music::Note* note = note_with(part, lyric.at)) lyric.at = note->onset;
    part.lyrics.push_back(std::move(lyric));
  }
  std::stable_sort(part.lyrics.begin(), part.lyrics.end(),
                   [](const Lyric& a, const Lyric& b) { return a.at < b.at; });
  return true;
}

}  // namespace antiphon::formats
