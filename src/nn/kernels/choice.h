// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "nn/kernels/kernels.h"

namespace antiphon::nn {

/// The best kernels that this machine runs, or those that the environment's ANTIPHON_KERNELS names;
/// chosen once.
const Kernels& kernels();

/// All that this machine runs, the best first, `scalar` last.
std::vector<const Kernels*> available_kernels();

}  // namespace antiphon::nn
