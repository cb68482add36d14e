// SPDX-License-Identifier: Apache-2.0
#include "antiphon/jam_report.h"

namespace antiphon::app {

const char* name_of(edge::Tier tier) {
  constexpr const char* names[edge::tier_count] = {"cloud",  "cloud_backup", "edge", "edge_backup",
                                                   "reflex", "rule",         "none"};
  return names[static_cast<std::size_t>(tier)];
}

Json to_json(const edge::Spread& spread) {
  return {{"p50", spread.p50}, {"p95", spread.p95}, {"p99", spread.p99}, {"worst", spread.worst}};
}

Json to_json(const edge::JamMeasures& measures) {
  Json tiers;
  for (int i = 0; i < edge::tier_count; ++i)
    tiers[name_of(static_cast<edge::Tier>(i))] = measures.tier_share[static_cast<std::size_t>(i)];
  return {{"frames", measures.frames},
          {"isr_delivered", measures.isr_delivered},
          {"isr_model", measures.isr_model},
          {"isr_sounding", measures.isr_sounding},
          {"isr_w", measures.isr_w},
          {"staleness_frames", measures.staleness},
          {"tier_share", tiers},
          {"reaction_ms", to_json(measures.reaction_ms)},
          {"reaction_frames", to_json(measures.reaction_frames)},
          {"answer_ms", to_json(measures.answer_ms)}};
}

}  // namespace antiphon::app
