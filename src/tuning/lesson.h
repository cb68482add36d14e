// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "train/engine_score.h"
#include "tuning/scene.h"
#include "tuning/tuner.h"

namespace antiphon::tuning {

/// A life, and what the loss of each of its events is multiplied with: above 0 for what is to
/// become likelier.
struct Lesson {
  train::Excerpt played;
  std::vector<float> timing;  ///< [events], for the choice of when to play and who.
  std::vector<float> pitch;   ///< [events], for pitches and durations.
};

/// A mean that grows.
struct Mean {
  double sum = 0, count = 0;
  void add(double value) {
    if (!std::isnan(value)) sum += value, ++count;
  }
  double mean() const { return count > 0 ? sum / count : 0; }
};

/// How a model lived: means over all spans, and over notes for `pitch` and `divergence` (in nats).
struct Report {
  Mean pitch, harmony, consonance, rhythm, density, divergence;
};

/// Lets a model live and says what it is to learn from that.
class Teacher {
 public:
  /// `reference` is the likelihood model that the player is not to leave too far.
  Teacher(const TuneOptions& options, train::EngineModel reference);

  /// The model that lives from now on.
  void take(train::EngineModel player) { player_ = std::move(player); }

  /// Several lives in one scene, appended to `lessons`.
  void teach(const Scene& scene, std::uint64_t seed, std::vector<Lesson>& lessons, Report& report);

  /// One life in each scene, to be compared with other players' in the same ones.
  Report watch(const std::vector<Scene>& scenes);

 private:
  std::vector<double> divergence(const train::Excerpt& played);

  TuneOptions options_;
  train::EngineModel reference_;
  train::EngineModel player_;
};

/// Brings the weights of timing and of pitch to a standard deviation of 1 each over all AI events,
/// cuts off the largest and divides by the number of events.
void normalize(std::vector<Lesson>& lessons);

}  // namespace antiphon::tuning
