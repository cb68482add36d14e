// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdlib>

#include "formats/format.h"
#include "music/chord_symbol.h"

/// What fuzz targets demand of what they call.
namespace antiphon {

/// Stops the fuzzer unless it holds.
inline void demand(bool holds) {
  if (!holds) std::abort();
}

/// Stops the fuzzer once more than `most` bytes of heap are held at a time, from here on to the end
/// of its life.
///
/// Threads: one, and one of these at a time.
class HeapLimit {
 public:
  explicit HeapLimit(std::size_t most);
  ~HeapLimit();
  HeapLimit(const HeapLimit&) = delete;
  HeapLimit& operator=(const HeapLimit&) = delete;
};

/// Demands that `score` is sorted, sounds forward in time, and can be written in both formats such
/// that it reads again.
inline void check_score(const music::Score& score) {
  for (const music::Part& part : score.parts) {
    demand(part.program <= 127);
    demand(std::is_sorted(part.notes.begin(), part.notes.end(), [](const auto& a, const auto& b) {
      return a.onset != b.onset ? a.onset < b.onset : a.pitch < b.pitch;
    }));
    for (const music::Note& note : part.notes) {
      demand(note.onset >= music::Ticks{} && note.duration >= music::Ticks{1});
      demand(note.pitch <= 127 && note.velocity >= 1 && note.velocity <= 127);
    }
  }
  for (const music::ChordSymbol& symbol : score.chords) (void)music::pitch_classes_of(symbol.text);
  demand(formats::read_midi(formats::write_midi(score), "again").ok());
  // A short file may ask for long silences, each bar of which is a line to write.
  if (music::bars_of(score).size() * (score.parts.size() + 1) > 2000) return;
  demand(formats::read_musicxml(formats::write_musicxml(score), "again").ok());
}

/// Any bytes are read, or refused in a sentence that names the file, in bounded memory; what is
/// read is a score as others expect it.
inline void check_reader(Result<formats::Reading> (*read)(ByteView, std::string_view),
                         ByteView bytes, std::size_t most_bytes) {
  const auto reading = [&] {
    const HeapLimit limit(most_bytes);
    return read(bytes, "fuzz");
  }();
  if (reading) {
    check_score(reading->score);
  } else {
    demand(reading.error().message.starts_with("fuzz:"));
  }
}

}  // namespace antiphon
