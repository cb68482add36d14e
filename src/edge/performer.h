// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
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

/// What is known of music that nobody has written down.
struct FreeMusic {
  music::Tempo tempo;
  music::Meter meter;
  std::optional<music::Key> key;
  int instrument = 0;  ///< The player's, a General MIDI program.
  int bars = 0;        ///< After so many it ends; 0: some day.
};

/// A jam of one player, whoever that is, with `ai`. Errors: bars below 0, more AI parts than there
/// are places.
Result<JamSetup> improvise(const FreeMusic& music, std::span<const generate::AiPart> ai,
                           tokens::Style style);

}  // namespace antiphon::edge
