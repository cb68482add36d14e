// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "edge/jam.h"
#include "generate/duet.h"
#include "music/score.h"

namespace antiphon::edge {

/// A jam in which the parts `human` of `score` play themselves, in the score's tempo, `times` times
/// over, and `ai` plays with them. Errors: those of `generate::human_score`; times not in [1,
/// 1000].
Result<JamSetup> perform(const music::Score& score, std::span<const std::size_t> human,
                         std::span<const generate::AiPart> ai, tokens::Style style, int times);

}  // namespace antiphon::edge
