// SPDX-License-Identifier: Apache-2.0
#include "generate/loudness.h"

#include <algorithm>
#include <cmath>

namespace antiphon::generate {

std::uint8_t Loudness::operator()(int velocity_class, std::int32_t onset) const {
  const tokens::GridBar bar = bar_at(meters_, onset);
  double velocity = (onset - bar.start) % bar.beat == 0 ? 64 : 58;
  if (onset == bar.start) velocity = 70;
  if (velocity_class > 0) velocity = tokens::velocity_of_class(velocity_class);
  velocity *= player_ / music::Note::default_velocity;
  return static_cast<std::uint8_t>(std::clamp(std::lround(velocity), 20L, 120L));
}

}  // namespace antiphon::generate
