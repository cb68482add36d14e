// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cloud/layer_seat.h"

namespace antiphon::cloud {

/// What has been done for those who share the model by layers.
struct LayerCounts {
  std::size_t players = 0;  ///< Now.
  std::uint64_t joined = 0, messages = 0, steps = 0;
};

/// Runs the middle layers of one model for players who run the others and play themselves. Whose
/// answer is due first is served first.
///
/// Threads: any may call; one of its own works, and `send` is called from it.
class LayerNode {
 public:
  using Clock = std::chrono::steady_clock;
  using Send = std::function<void(std::string message)>;
  using Player = std::uint64_t;

  /// `weights`: SHA-256 of the model's, in hex. A null model is shared with nobody.
  LayerNode(std::shared_ptr<const nn::Transformer> model, std::string weights,
            std::size_t most_players);
  ~LayerNode();
  LayerNode(const LayerNode&) = delete;
  LayerNode& operator=(const LayerNode&) = delete;

  /// Errors: another model than this one, a cut that it hasn't, the node is full.
  Result<Player> join(const wire::JoinLayers& join, Send send);
  /// Errors: what can't be (`LayerSeat::put`). Such a player had better leave.
  Status tell(Player player, wire::Steps steps);
  /// After it, `send` isn't called any more.
  void leave(Player player);
  /// All leave.
  void clear();

  LayerCounts counts() const;

 private:
  struct Guest;
  void work();
  std::shared_ptr<Guest> next_guest() const;

  const std::shared_ptr<const nn::Transformer> model_;
  const std::string weights_;
  const std::size_t most_players_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Player, std::shared_ptr<Guest>> guests_;
  Player next_player_ = 1;
  LayerCounts counts_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace antiphon::cloud
