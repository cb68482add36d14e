// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "antiphon/evaluation.h"
#include "edge/measures.h"

namespace antiphon::app {

/// The jams of all songs at one tempo, by one way of keeping time.
struct LiveRow {
  std::string who;
  double bpm = 0;
  edge::JamMeasures live;
  Summary quality;
};

/// What a live bench measured.
struct LiveBench {
  std::vector<LiveRow> rows;
  Summary own;  ///< The songs' own accompaniments, where they have one, and
  /// how many sixteenths after an onset of the melody their next one comes.
  edge::Spread own_reaction;
  bool simulated = true;
  bool real_time_scheduler = false;
};

/// A table, with the published figures below it.
std::string live_bench_text(const LiveBench& bench);
Json to_json(const LiveBench& bench);

}  // namespace antiphon::app
