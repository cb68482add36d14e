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
  /// In [1, 64]: how many futures each frame is chosen from (`Foresight`).
  int futures = 1;
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
  /// Draws from now on are those of the seed and this number, whatever was drawn before.
  void begin_anew(std::uint64_t number) {
    random_ = Random(Random(number).bits() ^ sampling_.seed);
  }

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

  /// From now on draws are of a kind that goes by the class and not by its rank (the Gumbel trick):
  /// of two models that nearly agree, drawn from with the same seed, most draws are the same, and
  /// each draws as it would have alone.
  void couple(std::uint64_t seed) {
    random_ = Random(seed);
    coupled_ = true;
  }

 private:
  int likeliest_with_noise();
  void weigh_candidates();  // Of which `weight` is a logit till then.

  Sampling sampling_;
  Random random_;
  std::vector<Candidate> candidates_;
  bool coupled_ = false;
  double total_ = 0;  // Of their weights.
};

}  // namespace antiphon::generate
