// SPDX-License-Identifier: Apache-2.0
#include "music/key_tracking.h"

#include <algorithm>

namespace antiphon::music {
namespace {

// How often a piece in a key has each degree, from the tonic up (Temperley 2007, of the Kostka and
// Payne corpus), and the sum of each.
constexpr std::array<std::array<double, 12>, 2> profiles = {
    {{0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400},
     {0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330}}};
constexpr std::array<double, 2> sums = {4.246, 4.183};

constexpr double change_a_note = 0.01;  // The chance that the key changes.
constexpr double sure = 0.75;           // So likely must a key be to be followed.
constexpr double told = 0.99;           // So likely is one that somebody told.

Key key_at(int index) {
  const int tonic = index / 2;
  const Mode mode = index % 2 == 0 ? Mode::major : Mode::minor;
  return transposed({mode == Mode::major ? 0 : -3, mode}, tonic);
}

}  // namespace

void KeyTracker::forget() {
  likely_.fill(1.0 / 24);
  key_ = last_pitch_ = -1;
}

void KeyTracker::tell(Key key) {
  likely_.fill((1 - told) / 23);
  key_ = 2 * key.tonic() + (key.mode == Mode::major ? 0 : 1);
  likely_[static_cast<std::size_t>(key_)] = told;
}

void KeyTracker::hear(int pitch) {
  if (pitch == last_pitch_) return;
  last_pitch_ = pitch;
  double sum = 0;
  for (int i = 0; i < 24; ++i) {
    double& likely = likely_[static_cast<std::size_t>(i)];
    const auto mode = static_cast<std::size_t>(i % 2);
    const auto degree = static_cast<std::size_t>((pitch % 12 - i / 2 + 12) % 12);
    likely =
        ((1 - change_a_note) * likely + change_a_note / 24) * profiles[mode][degree] / sums[mode];
    sum += likely;
  }
  for (double& likely : likely_) likely /= sum;
  const auto best = std::max_element(likely_.begin(), likely_.end());
  if (*best > sure) key_ = static_cast<int>(best - likely_.begin());
}

std::optional<Key> KeyTracker::key() const {
  return key_ < 0 ? std::nullopt : std::optional(key_at(key_));
}

}  // namespace antiphon::music
