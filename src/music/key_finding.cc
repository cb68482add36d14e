// SPDX-License-Identifier: Apache-2.0
#include "music/key_finding.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace antiphon::music {
namespace {

// How well each degree fits a key, from the tonic up (Krumhansl and Kessler 1982).
constexpr PitchClasses major_profile = {6.35, 2.23, 3.48, 2.33, 4.38, 4.09,
                                        2.52, 5.19, 2.39, 3.66, 2.29, 2.88};
constexpr PitchClasses minor_profile = {6.33, 2.68, 3.52, 5.38, 2.60, 3.53,
                                        2.54, 4.75, 3.98, 2.69, 3.34, 3.17};

// With a mean of 0 and, unless all were equal, a sum of squares of 1.
PitchClasses standardized(PitchClasses values) {
  double sum = 0, square = 0;
  for (const double value : values) sum += value;
  for (double& value : values) {
    value -= sum / 12;
    square += value * value;
  }
  for (double& value : values) value = square > 0 ? value / std::sqrt(square) : 0;
  return values;
}

double product(const PitchClasses& a, const PitchClasses& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

std::array<Key, 24> make_keys() {
  std::array<Key, 24> keys;
  for (int fifths = -5; fifths <= 6; ++fifths) {
    for (const Mode mode : {Mode::major, Mode::minor})
      keys[static_cast<std::size_t>(2 * (fifths + 5) + (mode == Mode::minor))] = {fifths, mode};
  }
  return keys;
}

}  // namespace

PitchClasses pitch_classes(std::span<const Note> notes) {
  PitchClasses weights{};
  for (const Note& note : notes) {
    weights[note.pitch % 12] += static_cast<double>(note.duration.count) / Ticks::per_quarter;
  }
  return weights;
}

std::span<const Key, 24> all_keys() {
  static const std::array<Key, 24> keys = make_keys();
  return keys;
}

PitchClasses profile_of(Key key) {
  static const PitchClasses major = standardized(major_profile),
                            minor = standardized(minor_profile);
  PitchClasses profile = key.mode == Mode::major ? major : minor;
  std::rotate(profile.begin(), profile.end() - key.tonic(), profile.end());
  return profile;
}

double correlation(const PitchClasses& weights, Key key) {
  return product(standardized(weights), profile_of(key));
}

std::optional<Key> find_key(const PitchClasses& weights) {
  const PitchClasses standard = standardized(weights);
  std::optional<Key> best;
  double best_fit = 0;
  for (const Key key : all_keys()) {
    const double fit = product(standard, profile_of(key));
    if (fit > best_fit) {
      best_fit = fit;
      best = key;
    }
  }
  return best;
}

std::optional<Key> find_key(const Score& score) {
  PitchClasses weights{};
  for (const Part& part : score.parts) {
    if (part.drums) continue;
    const PitchClasses of_part = pitch_classes(part.notes);
    for (std::size_t i = 0; i < 12; ++i) weights[i] += of_part[i];
  }
  return find_key(weights);
}

bool in_scale(Key key, int pitch_class) {
  constexpr unsigned major_scale = 0b101010110101;  // Bit n is the nth semitone.
  constexpr unsigned minor_scale = 0b110110101101;  // 10 and 11 both.
  const int degree = ((pitch_class - key.tonic()) % 12 + 12) % 12;
  return ((key.mode == Mode::major ? major_scale : minor_scale) >> degree) & 1;
}

}  // namespace antiphon::music
