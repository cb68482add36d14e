// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "antiphon/evaluation.h"
#include "base/bytes.h"
#include "drawing/canvas.h"
#include "edge/measures.h"
#include "generate/likelihood.h"

namespace antiphon::app {

/// The jams of all songs in one mode over one network.
struct AtlasRow {
  std::string network, mode;
  edge::JamMeasures live;
  Summary quality;
  generate::Likelihood likelihood;  ///< Of what was played, under the node's model.
  double bars = 0;
  std::uint64_t bytes_up = 0, bytes_down = 0;  ///< Of messages.
  double node_ms = 0;                          ///< The node's work.
  edge::Leaving left;

  double bytes_a_bar() const {
    return bars > 0 ? static_cast<double>(bytes_up + bytes_down) / bars : 0;
  }
};

/// How much worse a choice was than the best one in hindsight: the difference of their weighted
/// interaction success rates over the best, 0 if it was the best.
double regret(const std::vector<AtlasRow>& rows, const AtlasRow& row);

/// A table for people.
std::string atlas_text(const std::vector<AtlasRow>& rows);
/// A line a row, with a head; docs/atlas.md has the names.
std::string atlas_csv(const std::vector<AtlasRow>& rows);
Json atlas_json(const std::vector<AtlasRow>& rows);
/// Modes by networks: rates, quality, bytes.
Result<Bytes> atlas_picture(const std::vector<AtlasRow>& rows, drawing::Format format);

}  // namespace antiphon::app
