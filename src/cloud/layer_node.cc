// SPDX-License-Identifier: Apache-2.0
#include "cloud/layer_node.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace antiphon::cloud {
namespace {

constexpr std::chrono::microseconds longest_wait{10'000'000};  // That a message can ask for.

}  // namespace

struct LayerNode::Guest {
  Guest(LayerSeat place, Send sender) : seat(std::move(place)), send(std::move(sender)) {}

  LayerSeat seat;
  bool waits = false;       // Something is in its inbox,
  Clock::time_point due{};  // and wanted by then.
  std::mutex sending;
  Send send;  // Null when it has left.
};

LayerNode::LayerNode(std::shared_ptr<const nn::Transformer> model, std::string weights,
                     std::size_t most_players)
    : model_(std::move(model)), weights_(std::move(weights)), most_players_(most_players) {
  thread_ = std::thread([this] { work(); });
}

LayerNode::~LayerNode() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<LayerNode::Player> LayerNode::join(const wire::JoinLayers& join, Send send) {
  if (!model_ || join.weights != weights_)
    return Error{Errc::unsupported, "the node has another model than the one to be shared"};
  ANTIPHON_TRY(LayerSeat seat, LayerSeat::of(model_, join.cut));
  auto guest = std::make_shared<Guest>(std::move(seat), std::move(send));
  const std::lock_guard lock(mutex_);
  if (guests_.size() >= most_players_) {
    return Error{Errc::unavailable,
                 "the node is full: it shares its model with " + std::to_string(most_players_)};
  }
  ++counts_.joined;
  guests_.emplace(next_player_, std::move(guest));
  return next_player_++;
}

Status LayerNode::tell(Player player, wire::Steps steps) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = guests_.find(player);
    if (found == guests_.end()) return Error{Errc::not_found, "the player has left"};
    Guest& guest = *found->second;
    const auto due =
        Clock::now() + std::min(std::chrono::microseconds(steps.within_us), longest_wait);
    const std::size_t count = steps.steps.times.size();
    ANTIPHON_CHECK(guest.seat.put(std::move(steps)));
    guest.due = guest.waits ? std::min(guest.due, due) : due;
    guest.waits = true;
    ++counts_.messages;
    counts_.steps += count;
  }
  changed_.notify_one();
  return Done{};
}

void LayerNode::leave(Player player) {
  std::shared_ptr<Guest> guest;
  {
    const std::lock_guard lock(mutex_);
    const auto found = guests_.find(player);
    if (found == guests_.end()) return;
    guest = std::move(found->second);
    guests_.erase(found);
  }
  const std::lock_guard lock(guest->sending);
  guest->send = nullptr;
}

void LayerNode::clear() {
  std::vector<Player> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [player, guest] : guests_) all.push_back(player);
  }
  for (const Player player : all) leave(player);
}

LayerCounts LayerNode::counts() const {
  const std::lock_guard lock(mutex_);
  LayerCounts counts = counts_;
  counts.players = guests_.size();
  return counts;
}

std::shared_ptr<LayerNode::Guest> LayerNode::next_guest() const {
  std::shared_ptr<Guest> first;
  for (const auto& [player, guest] : guests_) {
    if (guest->waits && (!first || guest->due < first->due)) first = guest;
  }
  return first;
}

void LayerNode::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto guest = next_guest();
    if (!guest) {
      changed_.wait(lock);
      continue;
    }
    guest->waits = false;
    const auto told = guest->seat.take();
    lock.unlock();
    for (wire::Added& added : guest->seat.work(told)) {
      const std::string message = wire::encode(wire::Down(std::move(added)));
      const std::lock_guard sending(guest->sending);
      if (guest->send) guest->send(message);
    }
    lock.lock();
  }
}

}  // namespace antiphon::cloud
