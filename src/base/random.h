// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace antiphon {

/// A seeded source of random numbers, the same on every machine and compiler: SplitMix64
/// (Steele, Lea and Flood 2014). Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, 1), on a grid of 2^-53.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

  /// Uniform in [0, bound); the bias is below bound / 2^64. `bound` is positive.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>(
        __extension__ static_cast<unsigned __int128>(bits()) * bound >> 64);
  }

 private:
  std::uint64_t state_;
};

}  // namespace antiphon
