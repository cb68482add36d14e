// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "generate/duet.h"
#include "generate/infiller.h"
#include "music/score.h"

/// Music for what is missing of a score, from all that is around it.
namespace antiphon::generate {

/// What came of it.
struct Infilled {
  music::Score score;
  std::size_t notes = 0;   ///< That were made.
  std::size_t passes = 0;  ///< Of the model.
  bool stopped = false;    ///< `progress` asked to stop; the windows filled until then stand.
};

/// Replaces what the parts `parts` (indices; empty: all pitched ones) play in the bars `first` to
/// `last`, counted from 1, given all around. Notes that begin before the region keep sounding into
/// it; what is made ends within it; all else stays as it is, to the tick.
/// Errors: bars that there aren't, no pitched part with notes, drums.
Result<Infilled> infill(Infiller& infiller, const music::Score& score, int first, int last,
                        std::vector<std::size_t> parts, const Unmasking& unmasking,
                        const Progress& progress);

/// Only the part `melody`, with three voices below it: alto, tenor and bass.
/// Errors: a melody without notes, or drums.
Result<Infilled> harmonize(Infiller& infiller, const music::Score& score, std::size_t melody,
                           const Unmasking& unmasking, const Progress& progress);

}  // namespace antiphon::generate
