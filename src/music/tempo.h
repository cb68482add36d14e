// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cmath>
#include <string>

#include "base/result.h"
#include "music/ticks.h"

namespace antiphon::music {

/// Quarter notes a minute. Always in [4, 1000], which covers the largo of a double whole note and
/// the presto of a MIDI file that counts eighths; make one with `Tempo::of`.
class Tempo {
 public:
  Tempo() = default;  ///< 120, as Standard MIDI Files have it where nothing is said.

  static Result<Tempo> of(double bpm) {
    if (!(bpm >= 4.0 && bpm <= 1000.0)) {  // Written so that NaN fails too.
      return Error{Errc::invalid_input,
                   "tempo must be 4 to 1000 quarters a minute, got " + std::to_string(bpm)};
    }
    return Tempo(bpm);
  }

  double bpm() const { return bpm_; }

  /// How long `span` lasts at this tempo, to the nearest nanosecond.
  std::chrono::nanoseconds duration(Ticks span) const {
    const double quarters = static_cast<double>(span.count) / Ticks::per_quarter;
    return std::chrono::nanoseconds(std::llround(quarters * 60e9 / bpm_));
  }

  friend bool operator==(Tempo, Tempo) = default;

 private:
  explicit Tempo(double bpm) : bpm_(bpm) {}
  double bpm_ = 120.0;
};

}  // namespace antiphon::music
