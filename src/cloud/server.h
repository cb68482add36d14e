// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cloud/layer_node.h"
#include "cloud/node.h"

namespace antiphon::cloud {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8765;               ///< 0: any that is free.
  std::filesystem::path certificate, key;  ///< PEM.
  std::vector<std::string> tokens;         ///< Who joins shows one of them; empty: nobody has to.
  /// Gets a line about connections now and then; never what is played.
  std::function<void(const std::string&)> log = [](const std::string&) {};
};

/// A node on the network, over TLS: players, and those who share its model by layers, at the
/// WebSocket `/v1/jam` (`antiphon.proto`), and GET
/// `/health`, `/ready`, `/metrics` (Prometheus).
///
/// A peer that sends what can't be is told why in one sentence and let go; so is one that doesn't
/// take what it is sent. Neither holds up another.
///
/// Threads: one of its own; all functions may be called from any.
class Server {
 public:
  /// Errors: an address or port that can't be had, a certificate or key that can't be read.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Node& node,
                                               LayerNode& layers);
  virtual ~Server() = default;

  virtual std::uint16_t port() const = 0;
  /// Takes no new players from now on; returns when all have left, or after `patience`.
  virtual void drain(std::chrono::milliseconds patience) = 0;
};

}  // namespace antiphon::cloud
