// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "nn/kernels/kernels.h"
#include "nn/type.h"
#include "nn/workers.h"

namespace antiphon::nn {

/// Bytes a second at which the workers read `bytes` bytes front to back again and again, each its
/// own part: the rate of whichever cache or memory holds that much. The best of several passes.
double reading_rate(const Kernels& kernels, std::size_t bytes, Workers& workers);

/// Operations a second (a product and a sum are two) of the workers' matrix products on numbers
/// that stay in the first-level cache.
double product_rate(const Kernels& kernels, Type type, Workers& workers);

}  // namespace antiphon::nn
