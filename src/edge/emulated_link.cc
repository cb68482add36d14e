// SPDX-License-Identifier: Apache-2.0
#include "edge/emulated_link.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace antiphon::edge {

using std::chrono::nanoseconds;

namespace {

constexpr std::size_t headers = 60;  // Of TLS and WebSocket; TCP and IP, roughly.
constexpr nanoseconds least_timeout = std::chrono::milliseconds(200);
constexpr nanoseconds patience = std::chrono::seconds(3);
constexpr int handshakes = 4;  // Of TCP, TLS and WebSocket, and joining.

// Box and Muller 1958.
double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

}  // namespace

const NetworkProfile* network_profile(std::string_view name) {
  const auto* found = std::find_if(network_profiles.begin(), network_profiles.end(),
                                   [&](const auto& profile) { return name == profile.name; });
  return found == network_profiles.end() ? nullptr : found;
}

EmulatedLink::EmulatedLink(const NetworkProfile& profile, Way way, std::uint64_t seed)
    : profile_(profile),
      bits_per_ns_((way == Way::up ? profile.up_mbit : profile.down_mbit) * 1e-3),
      random_(seed * 2 + static_cast<std::uint64_t>(way)) {}

bool EmulatedLink::lost(nanoseconds at) {
  const bool out =
      profile_.period > nanoseconds{} && at % profile_.period >= profile_.period - profile_.outage;
  return random_.uniform() < profile_.loss || out;
}

std::optional<nanoseconds> EmulatedLink::send(nanoseconds now, std::size_t bytes) {
  const auto on_line = bits_per_ns_ > 0
                           ? nanoseconds(static_cast<std::int64_t>(
                                 static_cast<double>((bytes + headers) * 8) / bits_per_ns_))
                           : nanoseconds{};
  if (broken_ && lost(now)) return {};
  nanoseconds sent = std::max(now, line_free_) + on_line;
  if (std::exchange(broken_, false)) sent += handshakes * profile_.round_trip;
  line_free_ = sent;
  nanoseconds timeout = std::max(least_timeout, 2 * profile_.round_trip);
  while (lost(sent)) {
    sent += timeout;
    timeout *= 2;
    if (sent - now <= patience) continue;
    broken_ = true;
    line_free_ = now;
    return {};
  }
  const auto mean = static_cast<double>(profile_.round_trip.count()) / 2;
  const auto deviation = static_cast<double>(profile_.jitter.count()) / std::numbers::sqrt2;
  const double delay = std::max(mean + deviation * normal(random_), mean / 10);
  last_arrival_ = std::max(last_arrival_, sent + nanoseconds(static_cast<std::int64_t>(delay)));
  return last_arrival_;
}

}  // namespace antiphon::edge
