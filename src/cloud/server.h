// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "cloud/log.h"
#include "cloud/rest.h"
#include "cloud/tokens.h"

namespace antiphon::cloud {

class Node;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8765;               ///< 0: any that is free.
  std::filesystem::path certificate, key;  ///< PEM.
  Tokens* tokens = nullptr;                ///< Borrowed; null: whoever comes may play.
  RestOptions rest = {};
  std::size_t most_connections = 1024;
  std::size_t most_strangers = 64;  ///< Of these, those of one address that haven't joined.
  /// For a connection to become that of a player, or to have its request answered.
  std::chrono::milliseconds patience = std::chrono::seconds(10);
  Log log = [](const char*, const LogFields&) {};
};

/// A node on the network, over TLS: players, and those who share its model by layers, at the
/// WebSocket `/v1/jam` (`antiphon.proto`), and what `openapi.json` says.
///
/// A peer that sends what can't be is told why in one sentence and let go; so is one that doesn't
/// take what it is sent, or doesn't say in time what it wants. None holds up another.
///
/// Threads: one of its own; all functions may be called from any.
class Server {
 public:
  /// Errors: an address or port that can't be had, a certificate or key that can't be read.
  /// All are borrowed. Without `layers` nobody shares the model by layers.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Node& node,
                                               LayerNode* layers = nullptr);
  virtual ~Server() = default;

  virtual std::uint16_t port() const = 0;
  virtual std::size_t connections() const = 0;
  /// Takes no new players from now on; returns when all have left, or after `patience`.
  virtual void drain(std::chrono::milliseconds patience) = 0;
};

}  // namespace antiphon::cloud
