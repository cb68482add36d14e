// SPDX-License-Identifier: Apache-2.0
#include "music/quality.h"

#include <algorithm>

#include "music/key_finding.h"
#include "music/melody.h"

namespace antiphon::music {
namespace {

/// The human part that is most like a melody.
std::size_t human_melody(const Score& score) {
  Score humans;
  std::vector<std::size_t> index;
  for (std::size_t i = 0; i < score.parts.size(); ++i) {
    if (is_ai_part(score.parts[i])) continue;
    humans.parts.push_back(score.parts[i]);
    index.push_back(i);
  }
  return index.empty() ? most_melodic_part(score) : index[most_melodic_part(humans)];
}

template <std::size_t n>
void add(std::array<double, n>& sum, const std::array<double, n>& other) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += other[i];
}

PitchClasses folded(const PitchHistogram& pitches) {
  PitchClasses classes{};
  for (std::size_t pitch = 0; pitch < pitches.size(); ++pitch)
    classes[pitch % 12] += pitches[pitch];
  return classes;
}

}  // namespace

Roles roles_of(const Score& score, std::optional<std::size_t> melody) {
  Roles roles;
  roles.melody = melody ? *melody : human_melody(score);
  const bool has_ai = std::any_of(score.parts.begin(), score.parts.end(), is_ai_part);
  for (std::size_t i = 0; i < score.parts.size(); ++i) {
    const Part& part = score.parts[i];
    if (i != roles.melody && !part.drums && (!has_ai || is_ai_part(part))) {
      roles.accompaniment.push_back(i);
    }
  }
  return roles;
}

std::vector<Note> accompaniment_of(const Score& score, const Roles& roles) {
  std::vector<Note> notes;
  for (const std::size_t index : roles.accompaniment) {
    const Part& part = score.parts[index];
    notes.insert(notes.end(), part.notes.begin(), part.notes.end());
  }
  std::stable_sort(notes.begin(), notes.end(),
                   [](const Note& a, const Note& b) { return a.onset < b.onset; });
  return notes;
}

Quality quality_of(const Score& score, const Roles& roles) {
  Quality quality;
  if (score.parts.empty()) return quality;
  const Part& melody = score.parts[roles.melody];
  const std::vector<Note> notes = accompaniment_of(score, roles);
  const std::vector<Bar> bars = bars_of(score);

  quality.notes = notes.size();
  quality.harmony = harmony_of(melody.notes, notes);
  quality.density = density_of(notes, bars);
  quality.form = form_of(notes, bars);

  // The accompaniment has no say in the key that it is measured by.
  std::vector<Change<Key>> keys = score.keys;
  quality.key_given = !keys.empty();
  if (keys.empty()) {
    if (const auto found = find_key(pitch_classes(melody.notes)))
      keys.push_back({Ticks{0}, *found});
  }
  if (!keys.empty()) {
    quality.key = keys.front().value;
    quality.key_agreement = key_agreement(notes, keys);
  }

  Ticks human_end;
  for (const Part& part : score.parts) {
    if (is_ai_part(part)) continue;
    for (const Note& note : part.notes) human_end = std::max(human_end, note.end());
  }
  for (const std::size_t index : roles.accompaniment) {
    const Part& part = score.parts[index];
    // People may play on when the melody is over; an AI part ends with it.
    quality.faults +=
        faults_of(part, bars, is_ai_part(part) ? std::optional(human_end) : std::nullopt);
  }
  return quality;
}

Histograms& Histograms::operator+=(const Histograms& other) {
  add(pitch, other.pitch);
  add(onset, other.onset);
  add(bar, other.bar);
  return *this;
}

Histograms histograms_of(const Score& score, const Roles& roles, Ticks piece_end) {
  const std::vector<Note> notes = accompaniment_of(score, roles);
  return {pitch_histogram(notes), onset_histogram(notes, piece_end),
          bar_histogram(notes, bars_of(score))};
}

Distance distance_of(const Histograms& histograms, const Histograms& reference) {
  return {js_divergence(histograms.pitch, reference.pitch),
          js_divergence(folded(histograms.pitch), folded(reference.pitch)),
          js_divergence(histograms.onset, reference.onset),
          js_divergence(histograms.bar, reference.bar)};
}

}  // namespace antiphon::music
