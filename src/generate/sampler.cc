// SPDX-License-Identifier: Apache-2.0
#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace antiphon::generate {

Status check(const Sampling& sampling) {
  if (!(sampling.temperature >= 0.0 && sampling.temperature <= 10.0)) {
    return Error{Errc::invalid_input,
                 "temperature must be 0 to 10, got " + std::to_string(sampling.temperature)};
  }
  if (!(sampling.top_p > 0.0 && sampling.top_p <= 1.0)) {
    return Error{Errc::invalid_input,
                 "top-p must be above 0 and at most 1, got " + std::to_string(sampling.top_p)};
  }
  if (sampling.futures < 1 || sampling.futures > 64) {
    return Error{Errc::invalid_input,
                 "futures must be 1 to 64, got " + std::to_string(sampling.futures)};
  }
  return Done{};
}

Sampler::Sampler(const Sampling& sampling, std::size_t max_classes)
    : sampling_(sampling), random_(sampling.seed) {
  candidates_.reserve(max_classes);
}

void Sampler::weigh_candidates() {
  if (candidates_.empty()) return;
  const auto likelier = [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.index < b.index;
  };
  if (sampling_.temperature == 0.0) {
    const Candidate best = *std::min_element(candidates_.begin(), candidates_.end(), likelier);
    candidates_.assign(1, {1.0f, best.index});
    return;
  }
  const float highest = std::min_element(candidates_.begin(), candidates_.end(), likelier)->weight;
  const auto weight_of = [&](float logit) {
    return static_cast<float>(
        std::exp(static_cast<double>(logit - highest) / sampling_.temperature));
  };
  total_ = 0;
  if (sampling_.top_p == 1.0) {
    for (Candidate& candidate : candidates_) {
      candidate.weight = weight_of(candidate.weight);
      total_ += candidate.weight;
    }
    return;
  }
  for (const Candidate& candidate : candidates_) total_ += weight_of(candidate.weight);
  // The likeliest, few of them, come to the end of the heap, one after the other.
  const auto last = candidates_.end();
  auto kept = last;
  const auto less_likely = [&](const Candidate& a, const Candidate& b) { return likelier(b, a); };
  std::make_heap(candidates_.begin(), last, less_likely);
  double sum = 0;
  while (kept != candidates_.begin() && sum < sampling_.top_p * total_) {
    std::pop_heap(candidates_.begin(), kept--, less_likely);
    kept->weight = weight_of(kept->weight);
    sum += kept->weight;
  }
  std::reverse(kept, last);
  candidates_.erase(candidates_.begin(), kept);
  total_ = sum;
}

int Sampler::pick() {
  if (candidates_.empty()) return -1;
  if (sampling_.temperature == 0.0) return candidates_.front().index;
  if (coupled_) return likeliest_with_noise();
  double left = random_.uniform() * total_;
  for (const Candidate& candidate : candidates_) {
    left -= candidate.weight;
    if (left < 0) return candidate.index;
  }
  return candidates_.back().index;
}

// Gumbel 1954: with noise of his distribution on the logarithms, the highest is a draw.
int Sampler::likeliest_with_noise() {
  const std::uint64_t draw = random_.bits();
  double highest = -std::numeric_limits<double>::infinity();
  int best = candidates_.back().index;
  for (const Candidate& candidate : candidates_) {
    Random noise(draw ^ static_cast<std::uint64_t>(candidate.index) * 0x9e3779b97f4a7c15u);
    const double gumbel = -std::log(-std::log(noise.uniform() + 0x1.0p-54));
    const double height = std::log(static_cast<double>(candidate.weight)) + gumbel;
    if (height > highest) {
      highest = height;
      best = candidate.index;
    }
  }
  return best;
}

}  // namespace antiphon::generate
