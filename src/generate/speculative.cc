// SPDX-License-Identifier: Apache-2.0
#include "generate/speculative.h"

#include <algorithm>
#include <cassert>

namespace antiphon::generate {

int accept(std::span<const double> p, std::span<const double> q, int drawn, Random& random) {
  assert(p.size() == q.size());
  const auto at = static_cast<std::size_t>(drawn);
  if (random.uniform() * q[at] < p[at]) return drawn;
  double more = 0;
  for (std::size_t i = 0; i < p.size(); ++i) more += std::max(p[i] - q[i], 0.0);
  double left = random.uniform() * more;
  int last = drawn;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] <= q[i]) continue;
    last = static_cast<int>(i);
    left -= p[i] - q[i];
    if (left < 0) break;
  }
  return last;
}

}  // namespace antiphon::generate
