// SPDX-License-Identifier: Apache-2.0
#include "generate/chooser.h"

#include <algorithm>
#include <cmath>

namespace antiphon::generate {

using Candidate = Sampler::Candidate;

void Chooser::follow(std::span<const DrawnChoice> draft) {
  // Who drafted may have drawn by the same seed, and checking must be independent of that.
  if (!draft.empty()) sampler_.random() = Random(sampler_.random().bits());
  draft_.assign(draft.begin(), draft.end());
  next_ = 0;
}

int Chooser::draw_noted(std::span<const Candidate> candidates) {
  likeliest_.assign(candidates.begin(), candidates.end());
  const std::size_t kept = std::min(likeliest_.size(), DrawnChoice::most);
  std::partial_sort(likeliest_.begin(), likeliest_.begin() + static_cast<std::ptrdiff_t>(kept),
                    likeliest_.end(), [](const Candidate& a, const Candidate& b) {
                      return a.weight != b.weight ? a.weight > b.weight : a.index < b.index;
                    });
  DrawnChoice choice;
  std::uint64_t sum = 0;
  for (const Candidate& candidate : std::span(likeliest_).first(kept)) {
    const auto weight =
        static_cast<std::uint8_t>(std::lround(255 * candidate.weight / likeliest_.front().weight));
    if (weight == 0) break;
    choice.shares[choice.size++] = {static_cast<std::uint8_t>(candidate.index), weight};
    sum += weight;
  }
  std::uint64_t left = sampler_.random().below(sum);
  for (const auto& [index, weight] : choice.among()) {
    choice.index = index;
    if (left < weight) break;
    left -= weight;
  }
  notes_->push_back(choice);
  return choice.index;
}

int Chooser::choose(std::span<const Candidate> candidates, std::size_t classes) {
  if (candidates.empty()) return -1;
  if (notes_ != nullptr) return draw_noted(candidates);
  if (next_ >= draft_.size()) {
    draft_.clear();
    return sampler_.pick();
  }
  const DrawnChoice& drawn = draft_[next_++];
  p_.assign(classes, 0);
  q_.assign(classes, 0);
  double total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  for (const Candidate& candidate : candidates)
    p_[static_cast<std::size_t>(candidate.index)] = candidate.weight / total;
  double sum = 0;
  for (const auto& [index, weight] : drawn.among()) sum += weight;
  for (const auto& [index, weight] : drawn.among()) {
    if (index < classes) q_[index] = weight / sum;
  }
  const int kept =
      drawn.index < classes ? accept(p_, q_, drawn.index, sampler_.random()) : sampler_.pick();
  if (kept != drawn.index) draft_.clear();
  return kept;
}

}  // namespace antiphon::generate
