// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/config.h"

namespace antiphon::train {

/// Everything that decides which tensors an event transformer has, and how they are used.
using Shape = nn::TransformerConfig;

/// The shape with the vocabulary's tables, fields and hash in it, each head with `hidden` units.
Shape with_vocabulary(Shape shape, std::uint32_t hidden);

/// `duet-edge` as far as the vocabulary doesn't decide it.
Shape edge_shape();

}  // namespace antiphon::train
