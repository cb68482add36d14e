// SPDX-License-Identifier: Apache-2.0
#include "music/score.h"

#include <algorithm>
#include <array>

namespace antiphon::music {
namespace {

template <class T>
void sort_by_time(std::vector<T>& list) {
  std::stable_sort(list.begin(), list.end(), [](const T& a, const T& b) { return a.at < b.at; });
}

}  // namespace

Ticks end_of(const Score& score) {
  Ticks end;
  for (const Part& part : score.parts) {
    for (const Note& note : part.notes) end = std::max(end, note.end());
  }
  return end;
}

void sort(Score& score) {
  sort_by_time(score.tempos);
  sort_by_time(score.meters);
  sort_by_time(score.keys);
  sort_by_time(score.chords);
  for (Part& part : score.parts) {
    std::stable_sort(part.notes.begin(), part.notes.end(), [](const Note& a, const Note& b) {
      return std::pair(a.onset, a.pitch) < std::pair(b.onset, b.pitch);
    });
    sort_by_time(part.lyrics);
  }
}

void separate_unisons(Part& part) {
  std::array<std::ptrdiff_t, 128> last;
  last.fill(-1);
  std::vector<Note> kept;
  kept.reserve(part.notes.size());
  for (const Note& note : part.notes) {
    std::ptrdiff_t& index = last[note.pitch & 127];
    if (index >= 0) {
      Note& before = kept[static_cast<std::size_t>(index)];
      if (before.onset == note.onset) {
        before.duration = std::max(before.duration, note.duration);
        continue;
      }
      before.duration = std::min(before.duration, note.onset - before.onset);
    }
    index = static_cast<std::ptrdiff_t>(kept.size());
    kept.push_back(note);
  }
  part.notes = std::move(kept);
}

std::chrono::nanoseconds time_of(const Score& score, Ticks at) {
  std::chrono::nanoseconds time{0};
  Ticks from;
  Tempo tempo;
  for (const Change<Tempo>& change : score.tempos) {
    if (change.at >= at) break;
    time += tempo.duration(change.at - from);
    from = change.at;
    tempo = change.value;
  }
  return time + tempo.duration(at - from);
}

std::vector<Bar> bars_of(const Score& score, std::size_t max_bars) {
  const Ticks end = end_of(score);
  std::vector<Bar> bars;
  Ticks start;
  Meter meter;
  std::size_t next = 0;
  while (start < end && bars.size() < max_bars) {
    for (; next < score.meters.size() && score.meters[next].at <= start; ++next) {
      meter = score.meters[next].value;
    }
    bars.push_back({start, meter});
    start += meter.bar();
    if (next < score.meters.size()) start = std::min(start, score.meters[next].at);
  }
  return bars;
}

}  // namespace antiphon::music
