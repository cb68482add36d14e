// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "music/score.h"

namespace antiphon::formats {

/// The words of a MIDI track: lyric events, and the text events that karaoke files (.kar) have in
/// their place, where `\` and `/` begin a line and `@` a header.
class MidiWords {
 public:
  void add_lyric(music::Ticks at, std::string_view text);
  void add_text(music::Ticks at, std::string_view text);

  /// The lyric events as they are.
  const std::vector<music::Lyric>& lyrics() const { return lyrics_; }
  std::vector<music::Lyric> take_lyrics() && { return std::move(lyrics_); }

  /// Of a track without notes: the lyric events, else the karaoke text, as syllables without
  /// blanks and line marks; a `-` stands behind those whose word goes on.
  std::vector<music::Lyric> take_sung() &&;

 private:
  std::vector<music::Lyric> lyrics_, texts_;
  bool karaoke_ = false;
};

/// Which of `parts` (at least one) the words are sung by: the one with the fewest notes of those
/// that nearly as many syllables begin together with as with any; the first if none does.
std::size_t part_sung(const std::vector<music::Lyric>& lyrics, std::span<const music::Part> parts);

/// Gives words to the part that sings them, each at the note that it sounds with. Notes must be
/// sorted. False if there are no parts.
bool give_lyrics(std::vector<music::Lyric> lyrics, std::span<music::Part> parts);

}  // namespace antiphon::formats
