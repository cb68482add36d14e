// SPDX-License-Identifier: Apache-2.0
#include "live/tap_tempo.h"

#include <algorithm>
#include <utility>

namespace antiphon::live {

using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds shortest = std::chrono::milliseconds(150);
constexpr nanoseconds longest = std::chrono::milliseconds(2500);
constexpr int most_beats = 4;

}  // namespace

std::optional<nanoseconds> TapTempo::tap(nanoseconds at) {
  const auto before = std::exchange(last_, at);
  const nanoseconds beat = before ? at - *before : longest;
  if (beat < shortest || beat >= longest) {
    beats_ = 0;
    return {};
  }
  if (beat > mean_ * 3 / 2 || beat < mean_ * 2 / 3) beats_ = 0;
  beats_ = std::min(beats_ + 1, most_beats);
  mean_ = beats_ == 1 ? beat : mean_ + (beat - mean_) / beats_;
  return mean_;
}

}  // namespace antiphon::live
