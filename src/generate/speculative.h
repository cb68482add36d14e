// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/random.h"

namespace antiphon::generate {

/// Speculative sampling (Leviathan, Kalman and Matias 2023; Chen et al. 2023): one class was drawn
/// from the distribution `q`; what is given is distributed as `p`, and as often as can be it is the
/// one that was drawn: with probability min(1, p / q). Else it is drawn from what p has more than
/// q, and then it is another.
///
/// Probabilities of the same classes, that of `drawn` under q above 0.
int accept(std::span<const double> p, std::span<const double> q, int drawn, Random& random);

/// A choice as it was drawn, and the distribution from which: in whole numbers, so that who draws
/// and who checks mean the same one.
struct DrawnChoice {
  struct Share {
    std::uint8_t index = 0, weight = 0;
    friend bool operator==(const Share&, const Share&) = default;
  };
  static constexpr std::size_t most = 16;

  std::uint8_t index = 0;
  std::uint8_t size = 0;             ///< Of these, so many are classes that might have been drawn,
  std::array<Share, most> shares{};  ///< in proportion to their weights, none of which is 0.

  std::span<const Share> among() const { return {shares.data(), size}; }
  friend bool operator==(const DrawnChoice&, const DrawnChoice&) = default;
};

}  // namespace antiphon::generate
