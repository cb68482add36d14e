// SPDX-License-Identifier: Apache-2.0
#include "formats/kern_unfold.h"

#include <algorithm>

namespace antiphon::formats {

using music::Ticks;

std::vector<Span> spans_of_repeats(const std::vector<KernRepeat>& repeats, Ticks end) {
  std::vector<Span> order;
  Ticks start;
  for (const KernRepeat& repeat : repeats) {
    if (repeat.at <= start) continue;
    if (!repeat.ends && !repeat.starts) continue;
    order.push_back({start, repeat.at});
    if (repeat.ends) order.push_back({start, repeat.at});
    start = repeat.at;
  }
  if (end > start) order.push_back({start, end});
  return order;
}

std::optional<music::Score> play_in_order(const music::Score& score,
                                          const std::vector<Span>& order) {
  const Ticks end = music::end_of(score);
  Ticks total;
  for (const auto& [from, to] : order) total += to - from;
  if (total > end * 8) return std::nullopt;
  std::size_t budget = 65536;  // Notes and words that may still be played.
  for (const music::Part& part : score.parts)
    budget += 2 * (part.notes.size() + part.lyrics.size());

  music::Score played = score;
  played.tempos.clear(), played.meters.clear(), played.keys.clear(), played.chords.clear();
  for (music::Part& part : played.parts) part.notes.clear(), part.lyrics.clear();
  Ticks at;
  for (const auto& [from, to] : order) {
    const Ticks shift = at - from;
    const auto copy_changes = [&, from = from, to = to](const auto& changes, auto& out) {
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const bool in_force =
            changes[i].at <= from && (i + 1 == changes.size() || changes[i + 1].at > from);
        if (!in_force && (changes[i].at <= from || changes[i].at >= to)) continue;
        const Ticks when = std::max(changes[i].at, from) + shift;
        if (out.empty() || !(out.back().value == changes[i].value))
          out.push_back({when, changes[i].value});
      }
    };
    copy_changes(score.tempos, played.tempos);
    copy_changes(score.meters, played.meters);
    copy_changes(score.keys, played.keys);
    // By time, as all lists are sorted: a piece of many short spans takes no longer for it.
    const auto from_there = [from = from](const auto& list, auto time) {
      return std::partition_point(list.begin(), list.end(),
                                  [&](const auto& x) { return time(x) < from; });
    };
    const auto when = [](const auto& x) { return x.at; };
    const auto onset = [](const auto& x) { return x.onset; };
    for (auto chord = from_there(score.chords, when); chord != score.chords.end() && chord->at < to;
         ++chord) {
      played.chords.push_back({chord->at + shift, chord->text});
    }
    for (std::size_t i = 0; i < score.parts.size(); ++i) {
      const music::Part& part = score.parts[i];
      for (auto it = from_there(part.notes, onset); it != part.notes.end() && it->onset < to;
           ++it) {
        if (budget-- == 0) return std::nullopt;
        music::Note note = *it;
        note.duration = std::min(note.duration, to - note.onset);
        note.onset += shift;
        played.parts[i].notes.push_back(note);
      }
      for (auto it = from_there(part.lyrics, when); it != part.lyrics.end() && it->at < to; ++it) {
        if (budget-- == 0) return std::nullopt;
        played.parts[i].lyrics.push_back({it->at + shift, it->verse, it->text});
      }
    }
    at += to - from;
  }
  return played;
}

}  // namespace antiphon::formats
