// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cloud/door.h"
#include "cloud/log.h"

namespace antiphon::wire {
struct Join;
struct JoinLayers;
struct Steps;
struct Tell;
struct Ping;
}  // namespace antiphon::wire

// What carries visits is slow to compile, and knows nothing of nodes and messages.
namespace antiphon::cloud {

class LayerNode;
class Node;

/// What is said over one player's connection, whatever carries it: joining, and then what is played
/// and asked. Ends with its leaving.
///
/// Threads: one. `send` is called from it and from the node's.
class Visit {
 public:
  using Send = std::function<void(std::string message)>;

  /// `peer` is for the log. All are borrowed but `send`; `layers` may be null.
  Visit(Node& node, LayerNode* layers, Door& door, const Log& log, std::string peer, Send send);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  /// A message of the player's.
  /// Errors: why it is to be let go, one sentence that may be told.
  Status hear(std::string_view message);
  bool joined() const { return player_ || sharer_; }

 private:
  Status take(const wire::Join& join);
  Status take(const wire::Tell& tell);
  Status take(const wire::Ping& ping);
  Status take(const wire::JoinLayers& join);
  Status take(const wire::Steps& steps);
  Status admit(const std::string& token);
  void greet();

  Node& node_;
  LayerNode* const layers_;
  Door& door_;
  const Log& log_;
  const std::string peer_;
  const Send send_;
  Door::Ticket ticket_;
  Allowance questions_, events_;
  std::optional<std::uint64_t> player_, sharer_;  // At most one.
};

/// What a player is told who is let go.
std::string refusal(const std::string& reason);
/// The most that a message may have, in bytes.
std::size_t longest_message();
/// All visits end as far as the node is concerned.
void end_visits(Node& node, LayerNode* layers);

}  // namespace antiphon::cloud
