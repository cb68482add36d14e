// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/random.h"

namespace antiphon::edge {

/// What a network is like. Times are of both ways together.
struct NetworkProfile {
  const char* name = "";
  std::chrono::nanoseconds round_trip{};
  std::chrono::nanoseconds jitter{};  ///< Standard deviation.
  double loss = 0;                    ///< Of packets, in [0, 1].
  double up_mbit = 0, down_mbit = 0;  ///< A second; 0: no limit.
  /// Nothing gets through for `outage` at the end of every `period`; period 0: never so.
  std::chrono::nanoseconds outage{}, period{};
};

/// From a wired classroom to none at all.
inline constexpr std::array<NetworkProfile, 8> network_profiles = [] {
  using namespace std::chrono_literals;
  return std::array<NetworkProfile, 8>{{
      {"lan", 1ms, 200us, 0, 1000, 1000, 0s, 0s},
      {"school-wifi", 8ms, 6ms, 0.005, 20, 50, 0s, 0s},
      {"fibre", 25ms, 3ms, 0.0001, 50, 200, 0s, 0s},
      {"mobile", 60ms, 20ms, 0.005, 5, 20, 0s, 0s},
      {"congested", 180ms, 80ms, 0.02, 1, 3, 0s, 0s},
      {"satellite", 620ms, 30ms, 0.005, 3, 25, 0s, 0s},
      {"flapping", 25ms, 3ms, 0.0001, 50, 200, 3s, 20s},
      {"offline", 25ms, 0s, 1, 0, 0, 0s, 0s},
  }};
}();

/// Null if there is none of that name.
const NetworkProfile* network_profile(std::string_view name);

/// When messages arrive over one direction of a connection through such a network; seeded.
///
/// A message is one packet with 60 bytes of headers more. Its delay is normally distributed, at
/// least a tenth of the mean; it waits for those before it (head-of-line blocking) and for its turn
/// on the line. What is lost is sent again after max(200 ms, two round trips), and then each time
/// after twice as long (RFC 6298's least time-out is a second; common stacks take 200 ms). What
/// would take longer than 3 s never arrives: the link is given up as `NodeLink` does it, and the
/// next message that finds a network waits for four round trips, until there is another link.
class EmulatedLink {
 public:
  enum class Way : std::uint8_t { up, down };

  EmulatedLink(const NetworkProfile& profile, Way way, std::uint64_t seed);

  /// When a message arrives that is sent at `now`; none if never. Calls come in the order of time.
  std::optional<std::chrono::nanoseconds> send(std::chrono::nanoseconds now, std::size_t bytes);

 private:
  bool lost(std::chrono::nanoseconds at);

  NetworkProfile profile_;
  double bits_per_ns_;  // 0: no limit.
  Random random_;
  std::chrono::nanoseconds line_free_{}, last_arrival_{};
  bool broken_ = false;
};

}  // namespace antiphon::edge
