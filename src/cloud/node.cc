// SPDX-License-Identifier: Apache-2.0
#include "cloud/node.h"

#include <pthread.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "cloud/seat.h"

namespace antiphon::cloud {

using std::chrono::nanoseconds;

namespace {

constexpr std::chrono::microseconds longest_wait{10'000'000};  // That a question can ask for.
constexpr std::chrono::milliseconds until_more_is_spare{1};

nanoseconds frame_length(const tokens::Header& header) {
  return nanoseconds(static_cast<std::int64_t>(15e9 / header.bpm.value_or(120)));
}

}  // namespace

// A player, and the frame of its answer that is next. All but `seat` and `send` is the node's,
// under its lock.
struct Node::Guest {
  Guest(Player number, std::unique_ptr<generate::EventModel> model, const wire::Join& join,
        Send sender)
      : player(number),
        seat(std::move(model), join),
        send(std::move(sender)),
        frame(frame_length(join.header)) {}

  void tell(const wire::Down& message) {
    const std::lock_guard lock(sending);
    if (send) send(wire::encode(message));
  }

  const Player player;
  Seat seat;
  std::mutex sending;
  Send send;  // Null when it has left.
  const nanoseconds frame;

  bool asked = false;  // Something is left to draft; nothing yet for the last question if `first`.
  bool first = false;
  bool every_frame = true;  // It asks for each frame by itself.
  bool playing = false;     // A thread has it,
  bool gone = false;
  std::uint32_t request = 0;
  std::int32_t from = 0;
  Clock::time_point asked_at{}, within{}, due{}, served_at{};
  // Of the thread that has it: the question that it lets go, what it tells the seat, what came of
  // it.
  std::optional<std::uint32_t> late;
  std::vector<generate::Told> told;
  std::optional<Seat::Answer> answer;
};

// Time for what nobody needs now: half as much as was idle, so that it takes a third of what is
// left over. A thread's own.
class Node::Spare {
 public:
  bool some() const { return left_ > nanoseconds{}; }
  void idle(nanoseconds time) { left_ = std::min<nanoseconds>(left_ + time / 2, most); }
  void used(nanoseconds time) { left_ -= time; }

 private:
  static constexpr std::chrono::milliseconds most{50};
  nanoseconds left_ = most;
};

void NodeCounts::add_answer(nanoseconds took) {
  const double ms = std::chrono::duration<double, std::milli>(took).count();
  const auto at = std::lower_bound(bounds_ms.begin(), bounds_ms.end(), ms) - bounds_ms.begin();
  ++answers[static_cast<std::size_t>(at)];
  answer_ms_sum += ms;
}

Node::Node(MakeModel make_model, NodeOptions options, MakeBatch make_batch)
    : make_model_(std::move(make_model)),
      options_(std::move(options)),
      make_batch_(std::move(make_batch)) {
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
  Player player = 0;
  {
    const std::lock_guard lock(mutex_);
    if (guests_.size() >= options_.most_players) return full;
    player = next_player_++;
  }
  // Its caches take a moment to make, in which the others play on.
  auto model = make_model_();
  if (model->capacity() < 2 * (1 + join.header.slots.size()))
    return Error{Errc::unsupported, "the model's context has no room for so many parts"};
  auto guest = std::make_shared<Guest>(player, std::move(model), join, std::move(send));
  const std::lock_guard lock(mutex_);
  if (guests_.size() >= options_.most_players) return full;
  ++counts_.joined;
  guests_.emplace(player, std::move(guest));
  return player;
}

Node::Queue& Node::queue_of(const Guest& guest) {
  return guest.first || !guest.every_frame ? needed_ : spare_;
}

void Node::wait_for_turn(Guest& guest) { queue_of(guest).emplace(guest.due, guest.player); }

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
    if (guest->asked && !guest->playing) queue_of(*guest).erase({guest->due, player});
    if (guest->first) late = guest->request, ++counts_.late;
    ++counts_.asked;
    guest->every_frame = tell.ask->from - guest->from <= generate::steps_per_frame;
    guest->request = tell.ask->request;
    guest->from = tell.ask->from;
    guest->asked = guest->first = true;
    guest->asked_at = Clock::now();
    const std::chrono::microseconds within(tell.ask->within_us);
    guest->within =
        guest->asked_at + (within.count() > 0 ? std::min(within, longest_wait) : longest_wait);
    guest->due = std::max(guest->within, guest->served_at + guest->frame / 2);
    if (!guest->playing) wait_for_turn(*guest);
  }
  changed_.notify_one();
  if (late) guest->tell(wire::Late{*late});
  return Done{};
}

void Node::leave(Player player) {
  std::shared_ptr<Guest> guest;
  {
    const std::lock_guard lock(mutex_);
    const auto found = guests_.find(player);
    if (found == guests_.end()) return;
    guest = std::move(found->second);
    guests_.erase(found);
    if (guest->asked && !guest->playing) queue_of(*guest).erase({guest->due, player});
    guest->gone = true;
  }
  const std::lock_guard lock(guest->sending);
  guest->send = nullptr;
}

void Node::clear() {
  std::vector<Player> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [player, guest] : guests_) all.push_back(player);
  }
  for (const Player player : all) leave(player);
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

// Those who are due first join those who play, as long as there is room.
void Node::take_due(Guests& playing, const Spare& spare) {
  const auto take = [&](Queue& queue) {
    const auto guest = guests_.at(queue.begin()->second);
    queue.erase(queue.begin());
    guest->playing = true;
    playing.push_back(guest);
  };
  while (!needed_.empty() && playing.size() < options_.batch) take(needed_);
  if (!playing.empty() || !spare.some()) return;
  const auto now = Clock::now();
  while (!spare_.empty() && playing.size() < options_.batch) {
    const bool useless = spare_.begin()->first < now;
    take(spare_);
    if (!useless) continue;
    playing.back()->asked = playing.back()->playing = false;
    playing.pop_back();
  }
}

// After a pass: takes note of what came of it. False if it plays on.
bool Node::done(Guest& guest, Clock::time_point now) {
  if (guest.gone) return true;
  // A question that came meanwhile has a time of its own.
  const bool answers = guest.answer && guest.answer->request == guest.request;
  if (guest.answer) {
    ++counts_.frames;
    guest.served_at = now;
  } else if (!guest.late) {
    return false;  // It waits for another pass.
  }
  guest.late.reset();
  if (answers && guest.first) counts_.add_answer(now - guest.asked_at);
  if (answers) {
    guest.first = false;
    guest.asked = guest.seat.busy();
    guest.due += guest.frame;
  }
  guest.answer.reset();
  guest.playing = false;
  if (guest.asked) wait_for_turn(guest);
  return true;
}

void Node::work() {
  const auto batch = make_batch_ ? make_batch_() : nullptr;
  Spare spare;
  Guests playing;
  std::vector<generate::EventModel*> waiting;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto start = Clock::now();
    take_due(playing, spare);
    if (playing.empty()) {
      spare_.empty() ? changed_.wait(lock) : void(changed_.wait_for(lock, until_more_is_spare));
      spare.idle(Clock::now() - start);
      continue;
    }
    std::size_t for_spare = 0;
    for (const auto& guest : playing) {
      guest->told = guest->seat.take();
      for_spare += &queue_of(*guest) == &spare_;
      if (!guest->first || guest->within >= start) continue;
      guest->late = guest->request;
      guest->asked = guest->first = false;
      ++counts_.late;
    }
    lock.unlock();
    waiting.clear();
    for (const auto& guest : playing) {
      guest->seat.tell(std::exchange(guest->told, {}));
      if (guest->late) {
        guest->tell(wire::Late{*guest->late});
      } else if ((guest->answer = guest->seat.work())) {
        guest->tell(guest->answer->message);
      } else if (auto* const model = guest->seat.waiting()) {
        waiting.push_back(model);
      }
    }
    if (!waiting.empty()) batch->run(waiting);
    const auto end = Clock::now();
    spare.used((end - start) * for_spare / playing.size());
    lock.lock();
    counts_.passes += !waiting.empty();
    counts_.steps += waiting.size();
    std::erase_if(playing, [&](const auto& guest) { return done(*guest, end); });
  }
}

}  // namespace antiphon::cloud
