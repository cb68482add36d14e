// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "generate/event_model.h"
#include "wire/messages.h"

namespace antiphon::cloud {

/// What a node is and how much it takes on.
struct NodeOptions {
  std::string model, weights;  ///< Name, and SHA-256 in hex.
  int workers = 1;             ///< Threads that play.
  std::size_t most_players = 16;
};

/// What a node has done since it started.
struct NodeCounts {
  std::size_t players = 0;  ///< Now.
  std::uint64_t joined = 0, asked = 0, frames = 0;
  std::uint64_t late = 0;  ///< Questions that got no answer in time.
  /// Times from a question to its first frame: how many took at most so long; the last: longer.
  static constexpr std::array<double, 8> bounds_ms = {1, 2, 5, 10, 20, 50, 100, 200};
  std::array<std::uint64_t, 9> answers{};
  double answer_ms_sum = 0;
  double cpu_seconds = 0;  ///< Of the threads that play.
};

/// Plays for many players at once, whichever of them needs it first.
///
/// A player's question is answered frame by frame. The frame that is due first is drafted first,
/// over all players (earliest deadline first, Liu and Layland 1973); among frames that are overdue,
/// the player who has waited longest, so that one who asks too much takes from nobody but itself. A
/// new question of a player takes the place of its last; one that got no frame is told `Late`.
///
/// Threads: any may call; `send` is called from the node's own.
class Node {
 public:
  using Clock = std::chrono::steady_clock;
  using Send = std::function<void(std::string message)>;
  using Player = std::uint64_t;

  /// Gives each player a model of its own.
  using MakeModel = std::function<std::unique_ptr<generate::EventModel>()>;

  Node(MakeModel make_model, NodeOptions options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Errors: the node is full; a header that the model has no room for.
  Result<Player> join(const wire::Join& join, Send send);
  /// Errors: what can't be (`Seat::put`). Such a player had better leave.
  Status tell(Player player, const wire::Tell& tell);
  /// After it, `send` isn't called any more.
  void leave(Player player);
  /// All leave.
  void clear();

  const NodeOptions& options() const { return options_; }
  NodeCounts counts() const;

 private:
  struct Guest;
  void work();
  std::shared_ptr<Guest> next_guest(Clock::time_point now) const;
  void serve(const std::shared_ptr<Guest>& guest, std::unique_lock<std::mutex>& lock);

  const MakeModel make_model_;
  const NodeOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_, served_;
  std::map<Player, std::shared_ptr<Guest>> guests_;
  Player next_player_ = 1;
  NodeCounts counts_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::vector<clockid_t> clocks_;  // Of what they have worked.
};

}  // namespace antiphon::cloud
