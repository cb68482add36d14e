// SPDX-License-Identifier: Apache-2.0
#include "generate/steering.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace antiphon::generate {
namespace {

constexpr double nats_a_nat = 30, most_nats = 10;
constexpr double open_margin = 0.1;  // From the one bound of the first and the last class.
// So many quarters or onsets that were just as asked are taken to lie before the first.
constexpr double supposed = 4;
// By how much a correlation should be above the next one; what is missing of it makes the bias.
constexpr double key_margin = 0.15, nats_a_correlation = 60, most_key_nats = 3;

// Where `value` lies outside the middle fifth of a class: how far above, or, below 0, how far
// below.
double beside(double value, const tokens::ClassRange& range) {
  const bool closed = range.low > 0 && std::isfinite(range.high);
  const double margin = closed ? std::log(range.high / range.low) * 0.4 : open_margin;
  const double at = std::log(value);
  return std::max(at - (std::log(range.high) - margin), 0.0) +
         std::min(at - (std::log(range.low) + margin), 0.0);
}

double middle(const tokens::ClassRange& range) {
  if (range.low <= 0) return range.high * 0.8;
  return std::isfinite(range.high) ? std::sqrt(range.low * range.high) : range.low * 1.25;
}

float bias(double count, double of, const tokens::ClassRange& range) {
  const double mean = (count + supposed * middle(range)) / (of + supposed);
  return static_cast<float>(std::clamp(-nats_a_nat * beside(mean, range), -most_nats, most_nats));
}

}  // namespace

float onset_bias(const tokens::Slot& part, const tokens::Played& played, std::int32_t now,
                 double wish) {
  if (!part.keeps_density || part.density == 0 || !played.any()) return 0;
  tokens::ClassRange range = tokens::density_range(part.density);
  range.low *= wish;
  range.high *= wish;
  return bias(played.onsets(now), played.quarters(now), range);
}

float chord_bias(const tokens::Slot& part, const tokens::Played& played) {
  if (!part.keeps_polyphony || part.polyphony == 0) return 0;
  return bias(played.notes(), played.onsets(), tokens::polyphony_range(part.polyphony));
}

music::PitchClasses key_bias(music::Key key, const music::PitchClasses& played) {
  const music::PitchClasses own = music::profile_of(key);
  music::PitchClasses weights;
  for (std::size_t i = 0; i < 12; ++i) weights[i] = played[i] + supposed * own[i];
  std::optional<music::Key> rival;
  double rival_fit = -1;
  for (const music::Key other : music::all_keys()) {
    if (other.tonic() == key.tonic() && other.mode == key.mode) continue;
    const double fit = music::correlation(weights, other);
    if (fit > rival_fit) {
      rival_fit = fit;
      rival = other;
    }
  }
  const double missing = key_margin - (music::correlation(weights, key) - rival_fit);
  music::PitchClasses bias{};
  if (missing <= 0) return bias;
  const music::PitchClasses others = music::profile_of(*rival);
  for (std::size_t i = 0; i < 12; ++i) {
    bias[i] = std::clamp(nats_a_correlation * missing * (own[i] - others[i]), -most_key_nats,
                         most_key_nats);
  }
  return bias;
}

}  // namespace antiphon::generate
