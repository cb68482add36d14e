// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace antiphon::crypto {

/// Uniform numbers in [0, 1) that nobody can foretell or find out: libsodium's.
///
/// Threads: one.
class SecretUniform {
 public:
  double operator()();

 private:
  std::array<std::uint64_t, 512> bits_{};
  std::size_t left_ = 0;
};

}  // namespace antiphon::crypto
