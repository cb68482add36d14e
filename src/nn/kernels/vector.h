// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/kernels/kernels.h"
#include "nn/type.h"

// For Highway: arrays of vectors need a size that the compiler knows.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

namespace antiphon::nn {

/// One table for each of Highway's instruction sets that this machine runs, the best first.
std::vector<Kernels> vector_kernels();

}  // namespace antiphon::nn
