// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "music/score.h"

namespace antiphon::music {

/// The part that is most like a melody: sung, or named as one, one note at a time, high, and
/// playing most of the time. 0 for a score without notes.
std::size_t most_melodic_part(const Score& score);

/// The part that a person means: its number from 1, its name in any case, or the start of its name.
/// Errors: lists the parts there are.
Result<std::size_t> find_part(const Score& score, std::string_view name_or_number);

}  // namespace antiphon::music
