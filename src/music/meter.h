// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "music/ticks.h"

namespace antiphon::music {

/// A time signature. The numerator is in [1, 255], the denominator a power of two in [1, 64].
class Meter {
 public:
  Meter() = default;  ///< 4/4.

  static Result<Meter> of(int numerator, int denominator) {
    const bool power_of_two = denominator > 0 && (denominator & (denominator - 1)) == 0;
    if (numerator < 1 || numerator > 255 || !power_of_two || denominator > 64) {
      return Error{Errc::invalid_input,
                   "meter must be 1 to 255 over a power of two up to 64, got " +
                       std::to_string(numerator) + "/" + std::to_string(denominator)};
    }
    return Meter(numerator, denominator);
  }

  int numerator() const { return numerator_; }
  int denominator() const { return denominator_; }
  Ticks unit() const { return {Ticks::per_quarter * 4 / denominator_}; }
  Ticks bar() const { return unit() * numerator_; }
  /// The beat that is felt: a dotted unit in compound meters (6/8, 9/8, 12/8), else the unit.
  Ticks beat() const {
    const bool compound = denominator_ >= 8 && numerator_ % 3 == 0 && numerator_ > 3;
    return unit() * (compound ? 3 : 1);
  }

  friend bool operator==(Meter, Meter) = default;

 private:
  Meter(int numerator, int denominator) : numerator_(numerator), denominator_(denominator) {}
  int numerator_ = 4;
  int denominator_ = 4;
};

}  // namespace antiphon::music
