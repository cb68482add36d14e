// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace antiphon::drawing {

/// One direction of a chart: what it spans, and where its ticks are.
class Axis {
 public:
  /// Covers [low, high], widened to round numbers and never empty. With `log`, both are positive.
  Axis(double low, double high, bool log);

  /// 0 at the low end, 1 at the high one.
  double position(double value) const;
  const std::vector<double>& ticks() const { return ticks_; }

 private:
  double low_, high_;
  bool log_;
  std::vector<double> ticks_;
};

/// Short: "0.25", "1500", "20k", "3M".
std::string tick_text(double value);

}  // namespace antiphon::drawing
