// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "generate/sampler.h"
#include "generate/speculative.h"

namespace antiphon::generate {

/// Makes a partner's choices, one after another: draws them, notes them for another partner to
/// check, or checks those of another.
///
/// What is noted is drawn from whole numbers in place of the probabilities: the likeliest 16
/// classes, in 255ths of the likeliest. So what is said of a draft is what it was drawn from, and
/// checking it is exact.
class Chooser {
 public:
  Chooser(const Sampling& sampling, std::size_t max_classes) : sampler_(sampling, max_classes) {}

  void set_temperature(double temperature) { sampler_.set_temperature(temperature); }
  void begin_anew(std::uint64_t number) { sampler_.begin_anew(number); }

  std::uint64_t random_bits() { return sampler_.random().bits(); }

  /// See `Sampler::couple`.
  void couple(std::uint64_t seed) { sampler_.couple(seed); }

  /// From now on choices are noted in `choices`; null: no more.
  void note(std::vector<DrawnChoice>* choices) { notes_ = choices; }
  /// The next choices check those of `draft`, up to the first that isn't kept. Copied.
  void follow(std::span<const DrawnChoice> draft);
  /// Whether all of what was to be followed has been kept so far; false if that was nothing.
  bool kept() const { return !draft_.empty(); }

  /// A class i with allowed(i), or -1 if there is none. It is distributed as `Sampler::draw` has
  /// it, whatever is followed.
  template <class Allowed>
  int choose(std::span<const float> logits, Allowed&& allowed) {
    return choose(sampler_.weigh(logits, allowed), logits.size());
  }

  /// What a draft that is followed has next if that is allowed, without checking it; else -1, and
  /// it isn't followed any further.
  template <class Allowed>
  int read(Allowed&& allowed) {
    if (next_ >= draft_.size()) return -1;
    const int index = draft_[next_++].index;
    if (allowed(index)) return index;
    draft_.clear();
    return -1;
  }

 private:
  int choose(std::span<const Sampler::Candidate> candidates, std::size_t classes);
  int draw_noted(std::span<const Sampler::Candidate> candidates);

  Sampler sampler_;
  std::vector<DrawnChoice>* notes_ = nullptr;
  std::vector<DrawnChoice> draft_;
  std::size_t next_ = 0;
  std::vector<Sampler::Candidate> likeliest_;
  std::vector<double> p_, q_;
};

}  // namespace antiphon::generate
