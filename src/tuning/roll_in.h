// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "generate/event_model.h"
#include "generate/sampler.h"
#include "train/excerpt.h"

namespace antiphon::tuning {

/// Lets a model play stretches of the AI parts of what another is to learn from. Who learns from
/// written pasts alone doesn't know pasts such as it makes itself, and drifts when it lives on
/// them; here it learns how the music goes on from there (scheduled sampling, Bengio et al. 2015;
/// DAgger, Ross, Gordon and Bagnell 2011).
///
/// Threads: one.
class RollIn {
 public:
  /// `player` plays as it would for people. The header of what it plays must fit its context twice.
  RollIn(generate::EventModel& player, const generate::Sampling& sampling)
      : player_(player), sampling_(sampling) {}

  /// `real` with two to twelve quarters of the AI parts played, after two to sixteen as they are
  /// written, and so on in turn; human parts stay, but for their loudness, which nobody tells a
  /// partner. What was played is marked as given, and so is what people play meanwhile. Half of the
  /// excerpts that have an AI part are changed; the others come back as they are.
  train::Excerpt operator()(const train::Excerpt& real, Random& random);

 private:
  generate::EventModel& player_;
  generate::Sampling sampling_;
};

}  // namespace antiphon::tuning
