// SPDX-License-Identifier: Apache-2.0
#include "antiphon/recovery.h"

#include "music/key_finding.h"
#include "music/measures.h"

namespace antiphon::app {

using music::Note;
using music::Ticks;

music::Score moved_from(const music::Score& score, Ticks at, int semitones) {
  music::Score moved = score;
  for (music::Part& part : moved.parts) {
    for (Note& note : part.notes) {
      const int pitch = note.pitch + semitones;
      if (note.onset >= at && pitch >= 0 && pitch < 128)
        note.pitch = static_cast<std::uint8_t>(pitch);
    }
  }
  return moved;
}

void Recovery::add(std::span<const Note> melody, std::span<const Note> accompaniment,
                   music::Key key, Ticks move, int semitones) {
  const Ticks start = move - Ticks::quarters(before);
  const auto beat_of = [&](Ticks at) -> std::optional<std::size_t> {
    if (at < start || at >= start + Ticks::quarters(beats)) return {};
    return static_cast<std::size_t>((at - start).count / Ticks::per_quarter);
  };
  for (const Note& note : melody) {
    const auto beat = beat_of(note.onset);
    if (!beat) continue;
    const music::Harmony harmony = music::harmony_of(std::span(&note, 1), accompaniment);
    consonant_[*beat].part += harmony.consonant;
    consonant_[*beat].all += harmony.total();
  }
  for (const Note& note : accompaniment) {
    const auto beat = beat_of(note.onset);
    if (!beat) continue;
    const int moved_by = note.onset >= move ? semitones : 0;
    const bool inside = music::in_scale(key, ((note.pitch - moved_by) % 12 + 12) % 12);
    const auto duration = static_cast<double>(note.duration.count);
    in_key_[*beat].part += inside ? duration : 0;
    in_key_[*beat].all += duration;
  }
}

std::optional<double> Recovery::mean(const Shares& shares, int from, int until) {
  Share sum;
  for (int beat = from; beat < until; ++beat) {
    const Share& one = shares[static_cast<std::size_t>(beat + before)];
    sum.part += one.part, sum.all += one.all;
  }
  return sum.all > 0 ? std::optional(sum.part / sum.all) : std::nullopt;
}

std::optional<double> Recovery::share(const Shares& shares, int beat) {
  return mean(shares, beat, beat + 1);
}

Recovery::Found Recovery::found(const Shares& shares, double tolerance) {
  constexpr int stretch = 4;
  Found found{mean(shares, -before, 0).value_or(0), {}};
  for (int beat = 0; beat + stretch <= after; ++beat) {
    if (mean(shares, beat, beat + stretch).value_or(0) < found.level - tolerance) continue;
    found.beats = beat;
    break;
  }
  return found;
}

}  // namespace antiphon::app
