// SPDX-License-Identifier: Apache-2.0
#include "edge/jam.h"

namespace antiphon::edge {

std::unique_ptr<Scheduler> scheduler_of(const JamSetup& setup, const live::Timeline& timeline,
                                        const Crew& crew) {
  if (setup.baseline) {
    const Model model = crew[static_cast<std::size_t>(Model::cloud)] ? Model::cloud : Model::edge;
    return std::make_unique<FixedIntervalScheduler>(timeline, *setup.baseline, model);
  }
  return std::make_unique<TieredScheduler>(timeline, setup.header.meters, setup.pace, crew,
                                           setup.node);
}

}  // namespace antiphon::edge
