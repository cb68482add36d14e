// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/kernels/kernels.h"

namespace antiphon::nn {

/// `Kernels::attend` from its parts: the scores of a query; their powers of e, the largest of which
/// is 1, with the sum of them; and the values, weighed by those.
template <auto scores_of, auto exponentials_of, auto combine_with>
void attend(const HeadCache& cache, std::uint32_t positions, const float* queries,
            std::uint32_t count, std::uint32_t head_dim, float scale, float* scratch, float* out) {
  for (std::size_t q = 0; q < count; ++q) {
    scores_of(cache, positions, queries + q * head_dim, head_dim, scale, scratch);
    const float sum = exponentials_of(scratch, positions);
    combine_with(cache, positions, scratch, 1.0f / sum, head_dim, out + q * head_dim);
  }
}

}  // namespace antiphon::nn
