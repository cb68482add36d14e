// SPDX-License-Identifier: Apache-2.0
#include "generate/loudness.h"

#include <algorithm>
#include <cmath>

namespace antiphon::generate {
namespace {

using tokens::ticks_per_step;

std::int32_t steps(music::Ticks span) {
  return static_cast<std::int32_t>(std::max<std::int64_t>(1, span.count / ticks_per_step));
}

}  // namespace

GridBar bar_at(std::span<const tokens::GridChange<music::Meter>> meters, std::int32_t step) {
  std::int32_t since = 0;
  music::Meter meter;
  for (const auto& change : meters) {
    if (change.at > step) break;
    since = change.at;
    meter = change.value;
  }
  const std::int32_t length = steps(meter.bar());
  const std::int32_t into = std::max(0, step - since) % length;
  return {step - into, length, steps(meter.beat())};
}

std::uint8_t Loudness::operator()(int velocity_class, std::int32_t onset) const {
  const GridBar bar = bar_at(meters_, onset);
  double velocity = (onset - bar.start) % bar.beat == 0 ? 64 : 58;
  if (onset == bar.start) velocity = 70;
  if (velocity_class > 0) velocity = tokens::velocity_of_class(velocity_class);
  velocity *= player_ / music::Note::default_velocity;
  return static_cast<std::uint8_t>(std::clamp(std::lround(velocity), 20L, 120L));
}

}  // namespace antiphon::generate
