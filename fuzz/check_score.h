// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdlib>

#include "formats/format.h"

namespace antiphon {

/// Stops the fuzzer unless `score` is sorted, sounds forward in time, and can be written as MIDI
/// that reads again.
inline void check_score(const music::Score& score) {
  const auto demand = [](bool holds) {
    if (!holds) std::abort();
  };
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
  (void)music::bars_of(score);
  demand(static_cast<bool>(formats::read_midi(formats::write_midi(score), "again")));
}

}  // namespace antiphon
