// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "formats/musicxml_written.h"

namespace antiphon::formats {

/// Lays the written bars into `score`, one after another in `order`, and joins ties. `order` is not
/// empty and holds bars of `frame`.
void unfold(const Frame& frame, std::span<const WrittenPart> parts,
            std::span<const std::uint32_t> order, music::Score& score);

}  // namespace antiphon::formats
