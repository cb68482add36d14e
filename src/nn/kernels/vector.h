// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/kernels/kernels.h"
#include "nn/type.h"

namespace antiphon::nn {

/// One table for each of Highway's instruction sets that this machine runs, the best first.
std::vector<Kernels> vector_kernels();

}  // namespace antiphon::nn
