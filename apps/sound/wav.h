// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace antiphon::sound {

/// A RIFF WAVE file of 16-bit PCM. `samples` are [frames, 2], left before right.
Bytes write_wav(std::span<const std::int16_t> samples, int rate_hz);

}  // namespace antiphon::sound
