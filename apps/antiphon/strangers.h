// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace antiphon::app {

/// Opens connections to a node on this machine, one after another over a time, and drops them: some
/// at once, some after a piece of a TLS greeting or noise, and some of the last few stay open.
class Strangers {
 public:
  Strangers(std::uint16_t port, std::size_t count, std::chrono::nanoseconds over);
  ~Strangers();
  Strangers(const Strangers&) = delete;
  Strangers& operator=(const Strangers&) = delete;

  /// So many have connected.
  std::size_t came() const { return came_; }

 private:
  void run(std::uint16_t port, std::size_t count, std::chrono::nanoseconds over);

  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> came_{0};
  std::thread thread_;
};

}  // namespace antiphon::app
