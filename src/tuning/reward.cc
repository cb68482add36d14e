// SPDX-License-Identifier: Apache-2.0
#include "tuning/reward.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "music/measures.h"

namespace antiphon::tuning {
namespace {

using tokens::GridNote;
using tokens::GridScore;

// The notes of all parts of one role, drums left out, by onset.
std::vector<GridNote> notes_of(const GridScore& score, const tokens::Header& header,
                               tokens::Role role) {
  std::vector<GridNote> notes;
  for (std::size_t i = 0; i < score.parts.size(); ++i) {
    if (header.slots[i].role != role || score.parts[i].drums) continue;
    notes.insert(notes.end(), score.parts[i].notes.begin(), score.parts[i].notes.end());
  }
  std::sort(notes.begin(), notes.end(), tokens::comes_before);
  return notes;
}

std::vector<music::Note> in_ticks(const std::vector<GridNote>& notes) {
  std::vector<music::Note> out;
  for (const GridNote& note : notes) {
    out.push_back({music::Ticks{note.onset * tokens::ticks_per_step},
                   music::Ticks{note.duration * tokens::ticks_per_step}, note.pitch});
  }
  return out;
}

// What sounds or begins in [from, to).
struct Span {
  std::array<double, 12> classes{};  // Steps of each pitch class.
  std::set<std::int32_t> onsets;
  double notes = 0;
};

Span span_of(const std::vector<GridNote>& notes, std::int32_t from, std::int32_t to) {
  Span span;
  for (const GridNote& note : notes) {
    if (note.onset >= to) break;
    const std::int32_t steps = std::min(note.end(), to) - std::max(note.onset, from);
    if (steps > 0) span.classes[note.pitch % 12] += steps;
    if (note.onset < from) continue;
    span.onsets.insert(note.onset);
    span.notes += 1;
  }
  return span;
}

double cosine(const std::array<double, 12>& a, const std::array<double, 12>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  if (aa == 0 && bb == 0) return 1;
  return aa == 0 || bb == 0 ? 0 : ab / std::sqrt(aa * bb);
}

double f1(const std::set<std::int32_t>& a, const std::set<std::int32_t>& b) {
  if (a.empty() && b.empty()) return 1;
  std::size_t both = 0;
  for (const std::int32_t step : a) both += b.contains(step);
  return 2.0 * static_cast<double>(both) / static_cast<double>(a.size() + b.size());
}

// Seconds, sevenths and the tritone. A fourth is a fifth turned over, which chords are full of.
bool clashes(int interval) {
  constexpr unsigned clashing = 1u << 1 | 1u << 2 | 1u << 6 | 1u << 10 | 1u << 11;
  return (clashing >> ((interval + 132) % 12)) & 1;
}

}  // namespace

std::vector<Marks> marks_of(const Scene& scene, const Rollout& played) {
  const tokens::Header& header = scene.real.header;
  const auto real = notes_of(scene.notes, header, tokens::Role::ai);
  const auto own = notes_of(played.notes, header, tokens::Role::ai);
  const auto own_ticks = in_ticks(own);
  const auto melody = in_ticks(notes_of(scene.notes, header, tokens::Role::human));
  std::int32_t end = scene.real.from;
  for (const tokens::Event& event : played.played.events) end += event.shift;

  std::vector<Marks> marks;
  for (std::int32_t at = scene.real.from; at < end; at += span_steps) {
    const std::int32_t to = std::min(at + span_steps, end);
    const auto begins_before = [](const music::Note& note, std::int32_t step) {
      return note.onset.count < step * tokens::ticks_per_step;
    };
    const auto first = std::lower_bound(melody.begin(), melody.end(), at, begins_before);
    const auto last = std::lower_bound(first, melody.end(), to, begins_before);
    Marks mark;
    if (first != last) {
      mark.consonance = music::harmony_of({first, last}, own_ticks).consonant_ratio();
    }
    mark.harmony = 0;
    constexpr int parts = 2;  // Chords change in the middle of a bar.
    for (int i = 0; i < parts; ++i) {
      const std::int32_t half = at + i * span_steps / parts;
      const std::int32_t half_end = half + span_steps / parts;
      mark.harmony +=
          cosine(span_of(own, half, half_end).classes, span_of(real, half, half_end).classes) /
          parts;
    }
    const Span mine = span_of(own, at, to), theirs = span_of(real, at, to);
    mark.rhythm = f1(mine.onsets, theirs.onsets);
    const double most = std::max(mine.notes, theirs.notes);
    if (most > 0) mark.density = std::min(mine.notes, theirs.notes) / most;
    marks.push_back(mark);
  }
  return marks;
}

std::vector<double> note_marks(const Scene& scene, const Rollout& played) {
  const tokens::Header& header = scene.real.header;
  const std::int32_t from = scene.real.from;
  const auto steps = static_cast<std::size_t>(
      std::max(std::max(scene.notes.end(), played.notes.end()) - from + tokens::max_duration, 1));
  // What sounds, and the pitch-class time of each half span of the real accompaniment.
  constexpr std::size_t half = span_steps / 2;
  std::vector<std::array<double, 12>> real(steps / half + 1);
  for (const GridNote& note : notes_of(scene.notes, header, tokens::Role::ai)) {
    for (std::int32_t at = note.onset; at < note.end(); ++at)
      real[static_cast<std::size_t>(at - from) / half][note.pitch % 12] += 1;
  }
  std::vector<std::set<int>> melody(steps);
  for (const GridNote& note : notes_of(scene.notes, header, tokens::Role::human)) {
    for (std::int32_t at = note.onset; at < note.end(); ++at)
      melody[static_cast<std::size_t>(at - from)].insert(note.pitch);
  }

  std::vector<double> marks;
  std::int32_t now = from;
  for (const tokens::Event& event : played.played.events) {
    now += event.shift;
    double sum = 0, weight = 0;
    const bool own = event.type == tokens::EventType::note || event.type == tokens::EventType::tie;
    if (own && header.slots[event.slot].instrument != tokens::instrument_drums) {
      for (std::int32_t at = now; at < now + event.duration; ++at) {
        const auto step = static_cast<std::size_t>(at - from);
        const auto& classes = real[step / half];
        const double most = *std::max_element(classes.begin(), classes.end());
        if (most > 0) sum += 2 * classes[event.pitch % 12] / most, weight += 2;
        for (const int pitch : melody[step]) {
          sum += !clashes(pitch - event.pitch);
          weight += 1;
        }
      }
    }
    marks.push_back(weight > 0 ? sum / weight : std::nan(""));
  }
  return marks;
}

std::vector<std::vector<double>> advantages(const std::vector<std::vector<double>>& rewards,
                                            double discount) {
  std::vector<std::vector<double>> result(rewards.size());
  // What follows a span is summed against the others span by span, so lives of different lengths
  // are compared where both were.
  for (std::size_t life = 0; life < rewards.size(); ++life) {
    result[life].resize(rewards[life].size());
    double later = 0;
    for (std::size_t span = rewards[life].size(); span-- > 0;) {
      double others = 0;
      int count = 0;
      for (std::size_t other = 0; other < rewards.size(); ++other) {
        if (other == life || span >= rewards[other].size()) continue;
        others += rewards[other][span];
        ++count;
      }
      const double better = count > 0 ? rewards[life][span] - others / count : 0;
      later = better + discount * later;
      result[life][span] = later;
    }
  }
  return result;
}

}  // namespace antiphon::tuning
