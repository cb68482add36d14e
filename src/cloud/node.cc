// SPDX-License-Identifier: Apache-2.0
#include "cloud/node.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cloud/seat.h"

namespace antiphon::cloud {
namespace {

constexpr std::chrono::microseconds longest_wait{10'000'000};  // That a question can ask for.

std::chrono::nanoseconds frame_length(const tokens::Header& header) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(15e9 / header.bpm.value_or(120)));
}

}  // namespace

// A player, and when the next frame of its answer is due.
struct Node::Guest {
  Guest(std::unique_ptr<generate::EventModel> model, const wire::Join& join, Send sender)
      : seat(std::move(model), join), send(std::move(sender)), frame(frame_length(join.header)) {}

  Seat seat;
  const Send send;
  const std::chrono::nanoseconds frame;
  bool asked = false;  // Something is left to draft; nothing yet for the last question if `first`.
  bool first = false;
  bool serving = false;
  std::uint32_t request = 0;
  Clock::time_point asked_at{}, due{}, served_at{};
};

Node::Node(MakeModel make_model, NodeOptions options)
    : make_model_(std::move(make_model)), options_(std::move(options)) {
  for (int i = 0; i < std::max(options_.workers, 1); ++i) threads_.emplace_back([this] { work(); });
  for (std::thread& thread : threads_)
    pthread_getcpuclockid(thread.native_handle(), &clocks_.emplace_back());
}

Node::~Node() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Result<Node::Player> Node::join(const wire::Join& join, Send send) {
  const Error full{Errc::unavailable,
                   "the node is full: it plays for " + std::to_string(options_.most_players)};
  {
    const std::lock_guard lock(mutex_);
    if (guests_.size() >= options_.most_players) return full;
  }
  // Its caches take a moment to make, in which the others play on.
  auto model = make_model_();
  if (model->capacity() < 2 * (1 + join.header.slots.size()))
    return Error{Errc::unsupported, "the model's context has no room for so many parts"};
  auto guest = std::make_shared<Guest>(std::move(model), join, std::move(send));
  const std::lock_guard lock(mutex_);
  if (guests_.size() >= options_.most_players) return full;
  ++counts_.joined;
  guests_.emplace(next_player_, std::move(guest));
  return next_player_++;
}

Status Node::tell(Player player, const wire::Tell& tell) {
  std::optional<std::uint32_t> late;
  std::shared_ptr<Guest> guest;
  {
    const std::lock_guard lock(mutex_);
    const auto found = guests_.find(player);
    if (found == guests_.end()) return Error{Errc::not_found, "the player has left"};
    guest = found->second;
    ANTIPHON_CHECK(guest->seat.put(tell));
    if (!tell.ask) return Done{};
    if (guest->first) late = guest->request, ++counts_.late;
    ++counts_.asked;
    guest->request = tell.ask->request;
    guest->asked = guest->first = true;
    guest->asked_at = Clock::now();
    guest->due =
        guest->asked_at + std::min(std::chrono::microseconds(tell.ask->within_us), longest_wait);
  }
  changed_.notify_one();
  if (late) guest->send(wire::encode(wire::Down(wire::Late{*late})));
  return Done{};
}

void Node::leave(Player player) {
  std::unique_lock lock(mutex_);
  const auto found = guests_.find(player);
  if (found == guests_.end()) return;
  const auto guest = found->second;
  guests_.erase(found);
  served_.wait(lock, [&] { return !guest->serving; });
}

void Node::clear() {
  std::unique_lock lock(mutex_);
  const auto guests = std::exchange(guests_, {});
  for (const auto& [player, guest] : guests)
    served_.wait(lock, [&one = *guest] { return !one.serving; });
}

NodeCounts Node::counts() const {
  const std::lock_guard lock(mutex_);
  NodeCounts counts = counts_;
  for (const clockid_t clock : clocks_) {
    timespec used{};
    if (clock_gettime(clock, &used) == 0)
      counts.cpu_seconds +=
          static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  }
  counts.players = guests_.size();
  return counts;
}

std::shared_ptr<Node::Guest> Node::next_guest(Clock::time_point now) const {
  const auto before = [&](const Guest& a, const Guest& b) {
    const bool overdue = a.due <= now && b.due <= now;
    return overdue ? a.served_at < b.served_at : a.due < b.due;
  };
  std::shared_ptr<Guest> best;
  for (const auto& [player, guest] : guests_) {
    if (!guest->asked || guest->serving) continue;
    if (!best || before(*guest, *best)) best = guest;
  }
  return best;
}

// Drafts a frame for a player.
void Node::serve(const std::shared_ptr<Guest>& guest, std::unique_lock<std::mutex>& lock) {
  const auto told = guest->seat.take();
  const bool first = std::exchange(guest->first, false);
  const auto asked_at = guest->asked_at;
  guest->serving = true;
  lock.unlock();
  const auto draft = guest->seat.work(told);
  const bool more = guest->seat.busy();
  // Nobody has left for good as long as `serving` is true: `leave` waits.
  if (draft) guest->send(wire::encode(*draft));
  const auto now = Clock::now();
  lock.lock();
  if (draft) {
    ++counts_.frames;
    if (first) {
      const double ms = std::chrono::duration<double, std::milli>(now - asked_at).count();
      const auto& bounds = NodeCounts::bounds_ms;
      const auto at = std::lower_bound(bounds.begin(), bounds.end(), ms) - bounds.begin();
      ++counts_.answers[static_cast<std::size_t>(at)];
      counts_.answer_ms_sum += ms;
    }
  }
  // A question that came meanwhile has a time of its own.
  if (!guest->first) {
    guest->asked = more;
    guest->due += guest->frame;
  }
  guest->served_at = now;
  guest->serving = false;
  served_.notify_all();
}

void Node::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (const auto guest = next_guest(Clock::now())) {
      serve(guest, lock);
    } else {
      changed_.wait(lock);
    }
  }
}

}  // namespace antiphon::cloud
