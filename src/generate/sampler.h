// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace antiphon::generate {

/// How a class is drawn from logits. The same seed, model and kernel give the same draws.
struct Sampling {
  double temperature = 1.0;  ///< In [0, 10]; 0 takes the likeliest.
  double top_p = 1.0;  ///< In (0, 1]: the likeliest classes that together have this probability.
  std::uint64_t seed = 1;
};

/// Errors: says which of the numbers is out of its range.
Status check(const Sampling& sampling);

/// Draws classes: nucleus sampling (Holtzman et al. 2020) at a temperature, over allowed classes
/// only.
///
/// Classes that are not allowed have no part in the distribution, so nothing has to be mended
/// later. Owns its random numbers; no heap is touched after construction.
class Sampler {
 public:
  /// For up to `max_classes` logits.
  Sampler(const Sampling& sampling, std::size_t max_classes);

  void set_temperature(double temperature) { sampling_.temperature = temperature; }

  struct Candidate {
    float weight;  ///< In proportion to its probability.
    int index;
  };

  /// The classes that may be drawn; borrowed until the next call.
  template <class Allowed>
  std::span<const Candidate> weigh(std::span<const float> logits, Allowed&& allowed) {
    candidates_.clear();
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (allowed(static_cast<int>(i))) candidates_.push_back({logits[i], static_cast<int>(i)});
    }
    weigh_candidates();
    return candidates_;
  }
  /// Draws one of those that were weighed last, or -1 if there was none.
  int pick();

  /// A class i with allowed(i), or -1 if there is none.
  template <class Allowed>
  int draw(std::span<const float> logits, Allowed&& allowed) {
    weigh(logits, allowed);
    return pick();
  }

  Random& random() { return random_; }

 private:
  void weigh_candidates();  // Of which `weight` is a logit till then.

  Sampling sampling_;
  Random random_;
  std::vector<Candidate> candidates_;
  double total_ = 0;  // Of their weights.
};

}  // namespace antiphon::generate
