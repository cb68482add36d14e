// SPDX-License-Identifier: Apache-2.0
#include "music/descriptors.h"

#include <algorithm>
#include <cmath>

#include "music/key_finding.h"

namespace antiphon::music {
namespace {

constexpr std::size_t bars_a_stretch = 4;

struct Moments {
  double sum = 0, squares = 0, count = 0;
  void add(double value) { sum += value, squares += value * value, count += 1; }
  double mean() const { return count > 0 ? sum / count : 0; }
  double deviation() const {
    return count > 0 ? std::sqrt(std::max(0.0, squares / count - mean() * mean())) : 0;
  }
};

/// The notes that begin in [from, until); `notes` are sorted by onset.
std::span<const Note> begun_in(std::span<const Note> notes, Ticks from, Ticks until) {
  const auto before = [](const Note& note, Ticks at) { return note.onset < at; };
  const auto first = std::lower_bound(notes.begin(), notes.end(), from, before);
  return {first, std::lower_bound(first, notes.end(), until, before)};
}

Descriptors describe(std::span<const Note> melody, std::span<const Note> notes,
                     std::span<const Bar> bars, int tonic) {
  Moments pitch, duration, sung;
  double on_beat = 0, on_half = 0, repeated = 0, lowest = 127;
  PitchClasses classes{};
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const Note& note = notes[i];
    pitch.add(note.pitch);
    lowest = std::min<double>(lowest, note.pitch);
    duration.add(std::log2(static_cast<double>(std::max<std::int64_t>(note.duration.count, 1)) /
                           Ticks::per_quarter));
    const std::int64_t place = (note.onset - bars.front().start).count % Ticks::per_quarter;
    if (place == 0) on_beat += 1;
    if (place == Ticks::per_quarter / 2) on_half += 1;
    if (i > 0 && notes[i - 1].pitch == note.pitch) repeated += 1;
    classes[static_cast<std::size_t>((note.pitch - tonic + 120) % 12)] +=
        static_cast<double>(note.duration.count);
  }
  for (const Note& note : melody) sung.add(note.pitch);
  const Harmony harmony = harmony_of(melody, notes);
  const Density density = density_of(notes, bars);
  const auto count = static_cast<double>(notes.size());
  double sounding = 0;
  for (const double weight : classes) sounding += weight;

  Descriptors out{std::log1p(density.notes_a_bar),
                  density.polyphony,
                  density.sounding_ratio,
                  pitch.mean(),
                  pitch.deviation(),
                  lowest,
                  duration.mean(),
                  duration.deviation(),
                  on_beat / count,
                  on_half / count,
                  repeated / count,
                  harmony.consonant_ratio(),
                  harmony.dissonant_ratio(),
                  harmony.unsupported_ratio(),
                  sung.count > 0 ? sung.mean() - pitch.mean() : 0,
                  std::log1p(sung.count / static_cast<double>(bars.size()))};
  std::transform(classes.begin(), classes.end(), out.end() - 12,
                 [&](double weight) { return weight / std::max(sounding, 1.0); });
  return out;
}

}  // namespace

std::vector<Descriptors> descriptors_of(const Score& score, const Roles& roles) {
  std::vector<Descriptors> all;
  if (score.parts.empty()) return all;
  const std::vector<Note> notes = accompaniment_of(score, roles);
  const std::vector<Note>& melody = score.parts[roles.melody].notes;
  const std::vector<Bar> bars = bars_of(score);
  std::optional<Key> key = find_key(pitch_classes(melody));
  for (std::size_t i = 0; i + bars_a_stretch <= bars.size(); i += bars_a_stretch) {
    const std::span<const Bar> stretch = std::span(bars).subspan(i, bars_a_stretch);
    const Ticks from = stretch.front().start,
                until = stretch.back().start + stretch.back().meter.bar();
    const auto here = begun_in(notes, from, until);
    if (here.empty()) continue;
    for (const Change<Key>& change : score.keys) {
      if (change.at <= from) key = change.value;
    }
    all.push_back(describe(begun_in(melody, from, until), here, stretch, key ? key->tonic() : 0));
  }
  return all;
}

std::optional<double> frechet_distance(std::span<const Descriptors> stretches,
                                       std::span<const Descriptors> reference) {
  if (stretches.size() < 2 || reference.size() < 2) return {};
  double sum = 0, numbers = 0;
  for (std::size_t i = 0; i < descriptor_count; ++i) {
    Moments ours, theirs;
    for (const Descriptors& stretch : stretches) ours.add(stretch[i]);
    for (const Descriptors& stretch : reference) theirs.add(stretch[i]);
    const double unit = theirs.deviation();
    if (unit < 1e-9) continue;
    sum += std::pow((ours.mean() - theirs.mean()) / unit, 2) +
           std::pow(ours.deviation() / unit - 1, 2);
    numbers += 1;
  }
  return numbers > 0 ? std::optional(sum / numbers) : std::nullopt;
}

}  // namespace antiphon::music
