// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <span>
#include <vector>

#include "tokens/drum_grid.h"

/// What two bars of drums are measured by. docs/groove.md has the definitions in words.
namespace antiphon::tokens {

/// Which cells are struck, whatever how: two patterns with one key are the same to read.
using DrumKey = std::bitset<drum_cells>;
DrumKey key_of(const DrumGrid& grid);

/// How much the kick and the snare go against the meter (Longuet-Higgins and Lee 1984): for each
/// onset of theirs that is followed by silence at a stronger place, the difference of the places'
/// weights, in all of the two bars. Ghost notes, softer than 40, don't count.
int syncopation(const DrumGrid& grid);

/// Where a pattern lies in the space in which patterns are compared: of each drum how loudly it is
/// struck at each sixteenth of the bar (velocity / 127, the mean of the two bars; 144 numbers), its
/// hits a bar over 16, its mean velocity / 127 and its mean offset in steps times 4 (0 where it is
/// silent).
inline constexpr std::size_t drum_features = drum_kinds * (drum_steps_a_bar + 3);
using DrumFeatures = std::array<float, drum_features>;
DrumFeatures features_of(const DrumGrid& grid);

/// Of generated points against real ones (Naeem et al. 2020), with balls around the real points
/// that reach to the k-th nearest other real one. Coverage: the share of balls that hold a
/// generated point. Density: how many balls a generated point is in, over k.
struct Fidelity {
  double coverage = 0;
  double density = 0;
};
Fidelity fidelity_of(std::span<const DrumFeatures> generated, std::span<const DrumFeatures> real,
                     std::size_t k = 5);

/// How a set of patterns is played. Histograms of all hits: velocities in 16 equal classes, offsets
/// in 24 of 10 ticks.
struct Playing {
  std::array<double, 16> velocities{};
  std::array<double, 24> offsets{};
  double hits_a_bar = 0;
  double velocity_mean = 0, velocity_deviation = 0;
  double offset_mean = 0, offset_deviation = 0;  ///< In ticks.
};
Playing playing_of(std::span<const DrumGrid> grids);

}  // namespace antiphon::tokens
