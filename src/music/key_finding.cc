// SPDX-License-Identifier: Apache-2.0
#include "music/key_finding.h"

#include <cmath>

namespace antiphon::music {
namespace {

// How well each degree fits a key, from the tonic up (Krumhansl and Kessler 1982).
constexpr PitchClasses major_profile = {6.35, 2.23, 3.48, 2.33, 4.38, 4.09,
                                        2.52, 5.19, 2.39, 3.66, 2.29, 2.88};
constexpr PitchClasses minor_profile = {6.33, 2.68, 3.52, 5.38, 2.60, 3.53,
                                        2.54, 4.75, 3.98, 2.69, 3.34, 3.17};

double mean(const PitchClasses& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / 12;
}

/// Pearson's correlation of the weights with a profile that starts at `tonic`; 0 for equal weights.
double correlation(const PitchClasses& weights, const PitchClasses& profile, int tonic) {
  const double weight_mean = mean(weights), profile_mean = mean(profile);
  double both = 0, weight_square = 0, profile_square = 0;
  for (std::size_t degree = 0; degree < 12; ++degree) {
    const double x = weights[(degree + static_cast<std::size_t>(tonic)) % 12] - weight_mean;
    const double y = profile[degree] - profile_mean;
    both += x * y;
    weight_square += x * x;
    profile_square += y * y;
  }
  return weight_square > 0 ? both / std::sqrt(weight_square * profile_square) : 0;
}

/// The key signature with the fewest accidentals; six sharps rather than six flats.
Key key_on(int tonic, Mode mode) {
  const int major_tonic = (tonic + (mode == Mode::minor ? 3 : 0)) % 12;
  const int fifths = major_tonic * 7 % 12;
  return {fifths > 6 ? fifths - 12 : fifths, mode};
}

}  // namespace

PitchClasses pitch_classes(std::span<const Note> notes) {
  PitchClasses weights{};
  for (const Note& note : notes) {
    weights[note.pitch % 12] += static_cast<double>(note.duration.count) / Ticks::per_quarter;
  }
  return weights;
}

std::optional<Key> find_key(const PitchClasses& weights) {
  std::optional<Key> best;
  double best_fit = 0;
  for (int tonic = 0; tonic < 12; ++tonic) {
    for (const Mode mode : {Mode::major, Mode::minor}) {
      const double fit =
          correlation(weights, mode == Mode::major ? major_profile : minor_profile, tonic);
      if (fit > best_fit) {
        best_fit = fit;
        best = key_on(tonic, mode);
      }
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
