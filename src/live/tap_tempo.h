// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

namespace antiphon::live {

/// Takes the tempo from someone who beats it: the mean of the last few beats.
class TapTempo {
 public:
  /// The length of a beat, from the second beat in a row on. After a pause, or where a beat is far
  /// shorter or longer than those before, they are counted anew.
  std::optional<std::chrono::nanoseconds> tap(std::chrono::nanoseconds at);

 private:
  std::optional<std::chrono::nanoseconds> last_;
  std::chrono::nanoseconds mean_{};
  int beats_ = 0;  // In the mean.
};

}  // namespace antiphon::live
