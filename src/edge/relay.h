// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <thread>

#include "base/descriptor.h"
#include "base/result.h"
#include "edge/emulated_link.h"
#include "live/wakeup.h"

namespace antiphon::edge {

/// Carries bytes between programs on this machine as long as a network would take: each piece that
/// is read is a message of an `EmulatedLink`, on a real clock. What a link gives up isn't lost but
/// comes with the next piece, as TCP sends it again until somebody lets the connection go.
///
/// Threads: one of its own.
class Relay {
 public:
  /// Opens a port on the loopback, for connections to the port `to`. The network begins, where it
  /// has a period, with the first of them.
  /// Errors: no more sockets or threads.
  static Result<std::unique_ptr<Relay>> listen(const NetworkProfile& network, std::uint16_t to,
                                               std::uint64_t seed);
  /// Between two sockets. The network begins at once.
  static Result<std::unique_ptr<Relay>> join(const NetworkProfile& network, Descriptor near,
                                             Descriptor far, std::uint64_t seed);
  ~Relay();

  std::uint16_t port() const { return port_; }

 private:
  class Connection;

  Relay(const NetworkProfile& network, std::uint64_t seed, live::Wakeup stop);
  void begin();
  void run();
  void accept();
  void add(Descriptor near, Descriptor far, bool shakes_hands);
  std::chrono::nanoseconds now() const { return live::host_now() - start_; }

  const NetworkProfile network_;
  const std::uint64_t seed_;
  live::Wakeup stop_;
  Descriptor listener_;
  std::uint16_t port_ = 0, to_ = 0;
  std::chrono::nanoseconds start_{};
  std::uint64_t connections_ = 0;
  std::list<Connection> open_;
  std::thread thread_;
};

}  // namespace antiphon::edge
