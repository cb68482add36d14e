// SPDX-License-Identifier: Apache-2.0
#include "tokens/drum_measures.h"

#include <algorithm>
#include <cmath>

namespace antiphon::tokens {
namespace {

constexpr int ghost_below = 40;

// Of a sixteenth in a bar of 4/4: 0 for the first, 1 less for each level further down.
int weight_of(std::size_t step) {
  step %= drum_steps_a_bar;
  int weight = 0;
  for (std::size_t level = drum_steps_a_bar; step % level != 0; level /= 2) --weight;
  return weight;
}

double squared_distance(const DrumFeatures& a, const DrumFeatures& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

template <class Each>
void for_all_hits(const DrumGrid& grid, const Each& each) {
  for (std::size_t step = 0; step < drum_steps; ++step) {
    for (std::size_t drum = 0; drum < drum_kinds; ++drum) {
      if (const DrumHit& hit = grid.steps[step][drum]) each(step, drum, hit);
    }
  }
}

}  // namespace

DrumKey key_of(const DrumGrid& grid) {
  DrumKey key;
  for_all_hits(grid, [&](std::size_t step, std::size_t drum, const DrumHit&) {
    key.set(step * drum_kinds + drum);
  });
  return key;
}

int syncopation(const DrumGrid& grid) {
  std::vector<std::size_t> onsets;
  for (std::size_t step = 0; step < drum_steps; ++step) {
    if (grid.at(step, Drum::kick).velocity >= ghost_below ||
        grid.at(step, Drum::snare).velocity >= ghost_below) {
      onsets.push_back(step);
    }
  }
  int sum = 0;
  for (std::size_t i = 0; i < onsets.size(); ++i) {
    const std::size_t next = i + 1 < onsets.size() ? onsets[i + 1] : onsets[0] + drum_steps;
    int silent = -100;
    for (std::size_t at = onsets[i] + 1; at < next; ++at) silent = std::max(silent, weight_of(at));
    sum += std::max(0, silent - weight_of(onsets[i]));
  }
  return sum;
}

DrumFeatures features_of(const DrumGrid& grid) {
  DrumFeatures features{};
  std::array<float, drum_kinds> hits{}, velocities{}, offsets{};
  for_all_hits(grid, [&](std::size_t step, std::size_t drum, const DrumHit& hit) {
    const float velocity = static_cast<float>(hit.velocity) / 127.0F;
    features[drum * drum_steps_a_bar + step % drum_steps_a_bar] += velocity / 2;
    hits[drum] += 1;
    velocities[drum] += velocity;
    offsets[drum] += static_cast<float>(hit.offset) / static_cast<float>(drum_step.count);
  });
  float* out = features.data() + drum_kinds * drum_steps_a_bar;
  for (std::size_t drum = 0; drum < drum_kinds; ++drum) {
    const float count = std::max(hits[drum], 1.0F);
    *out++ = hits[drum] / static_cast<float>(drum_steps);
    *out++ = velocities[drum] / count;
    *out++ = offsets[drum] / count * 4;
  }
  return features;
}

Fidelity fidelity_of(std::span<const DrumFeatures> generated, std::span<const DrumFeatures> real,
                     std::size_t k) {
  if (generated.empty() || real.size() <= k) return {};
  std::size_t covered = 0, memberships = 0;
  std::vector<double> distances(real.size());
  for (const DrumFeatures& centre : real) {
    std::transform(real.begin(), real.end(), distances.begin(),
                   [&](const DrumFeatures& other) { return squared_distance(centre, other); });
    // The nearest is the point itself.
    std::nth_element(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(k),
                     distances.end());
    const double reach = distances[k];
    const auto inside = static_cast<std::size_t>(std::count_if(
        generated.begin(), generated.end(),
        [&](const DrumFeatures& point) { return squared_distance(centre, point) <= reach; }));
    covered += inside > 0;
    memberships += inside;
  }
  return {static_cast<double>(covered) / static_cast<double>(real.size()),
          static_cast<double>(memberships) /
              (static_cast<double>(k) * static_cast<double>(generated.size()))};
}

Playing playing_of(std::span<const DrumGrid> grids) {
  Playing playing;
  double count = 0, velocity_squares = 0, offset_squares = 0;
  for (const DrumGrid& grid : grids) {
    for_all_hits(grid, [&](std::size_t, std::size_t, const DrumHit& hit) {
      const double velocity = hit.velocity, offset = hit.offset;
      count += 1;
      playing.velocities[hit.velocity / 8] += 1;
      playing.offsets[static_cast<std::size_t>(hit.offset + drum_step.count / 2) / 10] += 1;
      playing.velocity_mean += velocity;
      playing.offset_mean += offset;
      velocity_squares += velocity * velocity;
      offset_squares += offset * offset;
    });
  }
  if (count == 0) return playing;
  playing.hits_a_bar = count / (2.0 * static_cast<double>(grids.size()));
  playing.velocity_mean /= count;
  playing.offset_mean /= count;
  const auto deviation = [&](double squares, double mean) {
    return std::sqrt(std::max(0.0, squares / count - mean * mean));
  };
  playing.velocity_deviation = deviation(velocity_squares, playing.velocity_mean);
  playing.offset_deviation = deviation(offset_squares, playing.offset_mean);
  return playing;
}

}  // namespace antiphon::tokens
