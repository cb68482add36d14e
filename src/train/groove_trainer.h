// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "nn/groove_config.h"
#include "train/groove_data.h"

namespace antiphon::train {

struct GrooveOptions {
  std::filesystem::path out;  ///< Folder of the checkpoint, the curve and the best weights.
  std::uint32_t latent = 32;
  std::uint32_t hidden = 256;
  std::uint32_t layers = 3;
  double minutes = 30;
  bool resume = false;
  std::uint64_t seed = 1;
  std::int64_t batch = 64;
  double rate = 4e-4;  ///< Of the generator and the encoder; halved towards the end.
  double critic_rate = 4e-4;
  double penalty = 0.1;          ///< Weight of the critic's squared slope at real patterns.
  double reconstruction = 0.03;  ///< Weight of the evidence bound; 0: a GAN alone.
  double touch = 2;              ///< Weight of the distance of velocities and offsets.
  double spread = 5;             ///< Weight of how each drum's velocities and offsets are spread.
  double plane = 1;              ///< Weight of the place on the plane.
  double validate_minutes = 2;
};

/// What patterns are like beside the validation split's.
struct GrooveScore {
  double coverage = 0, density = 0;
  double velocity_divergence = 0, offset_divergence = 0;
  double hits = 0;  ///< Of the validation split's.

  /// How good that is, at best 2: coverage and density as shares of what other real patterns reach
  /// (more density than theirs tells of too few modes), less four times the divergences.
  double beside(const GrooveScore& real) const {
    const auto share = [](double own, double theirs) {
      return theirs > 0 && own < theirs ? own / theirs : 1.0;
    };
    return share(coverage, real.coverage) + share(density, real.density) -
           4 * (velocity_divergence + offset_divergence);
  }
};

/// Trains the groove GAN: `last.safetensors` goes on with `resume`, `best.safetensors` are the
/// averaged weights with the best score on the validation split, `curve.csv` is the curve. Stops
/// when `stop` says so. Errors: what can't be read or written, or a checkpoint of another shape.
Status train_groove(const GrooveOptions& options, const GrooveCorpus& corpus,
                    const std::function<bool()>& stop,
                    const std::function<void(const std::string&)>& say);

}  // namespace antiphon::train
