// SPDX-License-Identifier: Apache-2.0
#include "music/measures.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "music/key_finding.h"

namespace antiphon::music {
namespace {

double quarters(Ticks span) { return static_cast<double>(span.count) / Ticks::per_quarter; }

/// From the accompaniment's note up to the melody's: unison, thirds, fifth and sixths.
bool consonant(const Note& melody, const Note& other) {
  constexpr unsigned consonances = 1u << 0 | 1u << 3 | 1u << 4 | 1u << 7 | 1u << 8 | 1u << 9;
  const int interval = (melody.pitch - other.pitch + 132) % 12;
  return (consonances >> interval) & 1;
}

/// The bar that holds `at`; the last one for what lies past it.
const Bar& bar_at(std::span<const Bar> bars, Ticks at) {
  const auto after = std::upper_bound(bars.begin(), bars.end(), at,
                                      [](Ticks t, const Bar& bar) { return t < bar.start; });
  return after == bars.begin() ? bars.front() : *std::prev(after);
}

}  // namespace

Harmony harmony_of(std::span<const Note> melody, std::span<const Note> accompaniment) {
  Harmony harmony;
  std::vector<const Note*> sounding;
  std::size_t next = 0;
  for (const Note& note : melody) {
    if (note.duration <= Ticks{0}) continue;
    for (; next < accompaniment.size() && accompaniment[next].onset < note.end(); ++next) {
      sounding.push_back(&accompaniment[next]);
    }
    std::erase_if(sounding, [&](const Note* other) { return other->end() <= note.onset; });
    bool supported = false, fits = false;
    for (const Note* other : sounding) {
      if (other->onset >= note.end()) continue;  // Came in for a longer note before this one.
      supported = true;
      fits = fits || consonant(note, *other);
    }
    double& share = fits ? harmony.consonant : supported ? harmony.dissonant : harmony.unsupported;
    share += quarters(note.duration);
  }
  return harmony;
}

PitchHistogram pitch_histogram(std::span<const Note> notes) {
  PitchHistogram histogram{};
  for (const Note& note : notes) histogram[note.pitch & 127] += 1;
  return histogram;
}

OnsetHistogram onset_histogram(std::span<const Note> notes, Ticks piece_end) {
  OnsetHistogram histogram{};
  if (piece_end <= Ticks{0}) return histogram;
  for (const Note& note : notes) {
    const double place =
        static_cast<double>(note.onset.count) / static_cast<double>(piece_end.count);
    const auto bin = static_cast<std::size_t>(std::clamp(place, 0.0, 1.0) * histogram.size());
    histogram[std::min(bin, histogram.size() - 1)] += 1;
  }
  return histogram;
}

BarHistogram bar_histogram(std::span<const Note> notes, std::span<const Bar> bars) {
  BarHistogram histogram{};
  if (bars.empty()) return histogram;
  for (const Note& note : notes) {
    const Bar& bar = bar_at(bars, note.onset);
    const double place = static_cast<double>((note.onset - bar.start).count) /
                         static_cast<double>(bar.meter.bar().count);
    const auto bin = static_cast<std::size_t>(std::lround(place * histogram.size()));
    histogram[bin % histogram.size()] += 1;
  }
  return histogram;
}

std::optional<double> js_divergence(std::span<const double> p, std::span<const double> q) {
  assert(p.size() == q.size());
  double p_total = 0, q_total = 0;
  for (const double x : p) p_total += x;
  for (const double x : q) q_total += x;
  if (!(p_total > 0) || !(q_total > 0)) return std::nullopt;
  double divergence = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double a = p[i] / p_total, b = q[i] / q_total, middle = (a + b) / 2;
    if (a > 0) divergence += a * std::log(a / middle) / 2;
    if (b > 0) divergence += b * std::log(b / middle) / 2;
  }
  return std::max(0.0, divergence);
}

std::optional<double> key_agreement(std::span<const Note> notes,
                                    std::span<const Change<Key>> keys) {
  assert(!keys.empty());
  double inside = 0, total = 0;
  for (const Note& note : notes) {
    const auto after = std::upper_bound(keys.begin(), keys.end(), note.onset,
                                        [](Ticks t, const Change<Key>& key) { return t < key.at; });
    const Key key = after == keys.begin() ? keys.front().value : std::prev(after)->value;
    total += quarters(note.duration);
    if (in_scale(key, note.pitch)) inside += quarters(note.duration);
  }
  if (!(total > 0)) return std::nullopt;
  return inside / total;
}

Faults& Faults::operator+=(const Faults& other) {
  overlapping += other.overlapping;
  too_long += other.too_long;
  past_end += other.past_end;
  empty += other.empty;
  return *this;
}

Faults faults_of(const Part& part, std::span<const Bar> bars, std::optional<Ticks> end) {
  Faults faults;
  if (bars.empty()) return faults;
  std::array<Ticks, 128> sounds_until;
  sounds_until.fill(Ticks{0});
  Ticks last_end;
  if (end) {
    const Bar& last = bar_at(bars, std::max(Ticks{0}, *end - Ticks{1}));
    last_end = last.start + last.meter.bar();
  }
  for (const Note& note : part.notes) {
    Ticks& until = sounds_until[note.pitch & 127];
    if (note.onset < until) ++faults.overlapping;
    until = std::max(until, note.end());
    if (note.duration <= Ticks{0}) ++faults.empty;
    if (note.duration > bar_at(bars, note.onset).meter.bar() * 8) ++faults.too_long;
    if (end && note.end() > last_end) ++faults.past_end;
  }
  return faults;
}

Density density_of(std::span<const Note> notes, std::span<const Bar> bars) {
  Density density;
  if (bars.empty() || notes.empty()) return density;
  std::vector<std::pair<std::int64_t, int>> edges;
  for (const Note& note : notes) {
    edges.emplace_back(note.onset.count, 1);
    edges.emplace_back(note.end().count, -1);
  }
  std::sort(edges.begin(), edges.end());
  double sounding = 0, weighted = 0;
  std::int64_t from = 0;
  int now = 0;
  for (const auto& [at, change] : edges) {
    const auto ticks = static_cast<double>(at - from);
    if (now > 0) sounding += ticks;
    weighted += now * ticks;
    now += change;
    from = at;
  }
  const Ticks piece = bars.back().start + bars.back().meter.bar() - bars.front().start;
  density.notes_a_bar = static_cast<double>(notes.size()) / static_cast<double>(bars.size());
  density.polyphony = sounding > 0 ? weighted / sounding : 0;
  density.sounding_ratio = std::min(1.0, sounding / static_cast<double>(piece.count));
  return density;
}

}  // namespace antiphon::music
