// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "edge/jam.h"
#include "edge/responder.h"
#include "live/wakeup.h"
#include "wire/messages.h"

namespace antiphon::edge {

/// Where a node is and what it asks of us.
struct NodeAddress {
  std::string host;
  std::uint16_t port = 8765;
  /// What it shows must be signed by this (PEM); empty: by one of those that this machine trusts.
  std::filesystem::path certificate = {};
  std::string token = {};
  /// Where it can't be reached at first, that is no error: it is tried again and again.
  bool patient = false;

  /// "host", "host:port" or "[address]:port".
  static Result<NodeAddress> parse(const std::string& text);
};

/// What became of a link.
struct LinkReport {
  std::string model, weights;                  ///< The node's.
  std::uint64_t bytes_up = 0, bytes_down = 0;  ///< Of messages, without TLS and below.
  std::uint64_t breaks = 0;                    ///< Times that it was lost.
  Leaving left;
  std::chrono::nanoseconds round_trip_p50{}, round_trip_p95{};
  std::vector<std::chrono::nanoseconds> round_trips;  ///< The last ones, rising.
};

/// A node's improviser, or one of this device whose model's middle layers the node runs. Where the
/// link breaks, it is made again, as often as it takes, and the node told what it missed: the last
/// minutes of the jam.
///
/// Threads: one of its own.
class NodeLink : public Responder {
 public:
  /// Joins, and measures the round trip with a few pings. `conductor` is notified of answers.
  /// `join.token` is the address's.
  /// Errors: who can't be reached or isn't trusted, what the node says when it refuses.
  static Result<std::unique_ptr<NodeLink>> connect(const NodeAddress& address, wire::Join join,
                                                   const live::Wakeup& conductor);

  /// The same for a model that is shared by layers: `setup` stays here, and so does what is played.
  /// The work on this device is done on the link's thread.
  static Result<std::unique_ptr<NodeLink>> share(const NodeAddress& address,
                                                 const SharedModel& shared, const JamSetup& setup,
                                                 const live::Wakeup& conductor);

  virtual LinkReport report() const = 0;
};

}  // namespace antiphon::edge
