// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kernels for AVX-512 share. Each file that includes this has a copy of its own, compiled
// with its own instructions; so nothing that another file might share is defined or included here.

#include <immintrin.h>

#include <cstddef>

namespace antiphon::nn {
namespace {

constexpr std::size_t lanes = 16;

/// The first `count` lanes.
__mmask16 first(std::size_t count) {
  return static_cast<__mmask16>(count >= lanes ? 0xffffu : (1u << count) - 1);
}

template <std::size_t rows>
struct Block {
  static constexpr std::size_t count = rows;
};

/// Calls `run` with the first row of each block, and the block: of `most` rows as long as there are
/// so many, then of all that are left.
template <std::size_t most, class Run>
void for_blocks(std::size_t rows, const Run& run, std::size_t from = 0) {
  for (; from + most <= rows; from += most) run(from, Block<most>());
  if constexpr (most > 1) for_blocks<most - 1>(rows, run, from);
}

}  // namespace
}  // namespace antiphon::nn
