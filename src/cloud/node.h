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
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "generate/model_batch.h"
#include "wire/messages.h"

namespace antiphon::cloud {

/// What a node is and how much it takes on.
struct NodeOptions {
  std::string model, weights;  ///< Name, and SHA-256 in hex.
  int workers = 1;             ///< Threads that play.
  std::size_t most_players = 16;
  std::size_t batch = 32;  ///< Players whose steps a thread runs together, at most.
};

/// What a node has done since it started.
struct NodeCounts {
  std::size_t players = 0;  ///< Now.
  std::uint64_t joined = 0, asked = 0, frames = 0;
  std::uint64_t late = 0;               ///< Questions that got no answer in time.
  std::uint64_t passes = 0, steps = 0;  ///< Batches, and the models' steps in them.
  double cpu_seconds = 0;               ///< Of the threads that play.
  /// Times from a question to its first frame: how many took at most so long; the last: longer.
  static constexpr std::array<double, 8> bounds_ms = {1, 2, 5, 10, 20, 50, 100, 200};
  std::array<std::uint64_t, 9> answers{};
  double answer_ms_sum = 0;

  void add_answer(std::chrono::nanoseconds took);
};

/// Plays for many players at once, whichever of them needs it first.
///
/// A player's question is answered frame by frame. The frames that are due first are drafted first,
/// over all players (earliest deadline first, Liu and Layland 1973), many at a time: as soon as one
/// is done, the next takes its place in the batch. Nobody is due more often than twice a frame, so
/// that one who asks too much takes from nobody but itself. A question that can't be answered in
/// time any more is told `Late` at once; so is one whose place the player's next has taken.
///
/// What a player will need only if its next question gets lost (frames after the first, of those
/// who ask for every frame) is drafted in the time in which nobody needs anything, up to a third.
///
/// Threads: any may call; `send` is called from the node's own.
class Node {
 public:
  using Clock = std::chrono::steady_clock;
  using Send = std::function<void(std::string message)>;
  using Player = std::uint64_t;

  /// Gives each player a model of its own.
  using MakeModel = std::function<std::unique_ptr<generate::EventModel>()>;
  /// Gives each thread what runs those models together.
  using MakeBatch = std::function<std::unique_ptr<generate::ModelBatch>()>;

  /// Without `make_batch`, the models must always be ready.
  Node(MakeModel make_model, NodeOptions options, MakeBatch make_batch = {});
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
  using Guests = std::vector<std::shared_ptr<Guest>>;
  /// By when they are due.
  using Queue = std::set<std::pair<Clock::time_point, Player>>;
  class Spare;

  void work();
  Queue& queue_of(const Guest& guest);
  void wait_for_turn(Guest& guest);
  void take_due(Guests& playing, const Spare& spare);
  bool done(Guest& guest, Clock::time_point now);

  const MakeModel make_model_;
  const NodeOptions options_;
  const MakeBatch make_batch_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Player, std::shared_ptr<Guest>> guests_;
  Queue needed_, spare_;  // Those who wait for their turn.
  Player next_player_ = 1;
  NodeCounts counts_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::vector<clockid_t> clocks_;  // Of what they have worked.
};

}  // namespace antiphon::cloud
