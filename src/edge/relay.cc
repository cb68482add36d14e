// SPDX-License-Identifier: Apache-2.0
#include "edge/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {

using std::chrono::nanoseconds;
using Way = EmulatedLink::Way;

namespace {

constexpr nanoseconds never = nanoseconds::max();
constexpr std::size_t most_on_the_way = 1 << 20;  // Bytes, of one direction.

Error no_socket() {
  return Error{Errc::unavailable, std::string("no socket: ") + std::strerror(errno)};
}

Descriptor loopback_socket() {
  return Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_at_once(const Descriptor& socket) {
  const int yes = 1;  // Fails where it isn't TCP, and there it isn't needed.
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// One direction of a connection.
class Direction {
 public:
  Direction(const NetworkProfile& network, Way way, std::uint64_t seed)
      : link_(network, way, seed) {}

  /// When something small arrives that isn't of what is read; none if never.
  std::optional<nanoseconds> greet(nanoseconds now) { return link_.send(now, 0); }
  bool reads() const { return !ended_ && bytes_ < most_on_the_way; }
  bool over() const { return ended_ && pieces_.empty(); }
  nanoseconds due() const { return pieces_.empty() || blocked_ ? never : pieces_.front().at; }
  bool blocked() const { return blocked_; }

  /// Takes what is there; `opens`: not before that it is on its way.
  void read(const Descriptor& from, nanoseconds now, nanoseconds opens) {
    std::array<char, 16384> room;
    const ssize_t got = ::recv(from.number(), room.data(), room.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      ended_ = true;
      return;
    }
    held_.append(room.data(), static_cast<std::size_t>(got));
    bytes_ += static_cast<std::size_t>(got);
    if (const auto at = link_.send(std::max(now, opens), held_.size()))
      pieces_.push_back({*at, std::exchange(held_, {})});
  }

  /// Gives what has arrived.
  void write(const Descriptor& to, nanoseconds now) {
    blocked_ = false;
    while (!pieces_.empty() && pieces_.front().at <= now) {
      std::string& piece = pieces_.front().bytes;
      const ssize_t sent =
          ::send(to.number(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        blocked_ = true;
        return;
      }
      if (sent < 0) {  // Nobody is there to take it.
        ended_ = true;
        pieces_.clear();
        return;
      }
      bytes_ -= static_cast<std::size_t>(sent);
      piece.erase(0, static_cast<std::size_t>(sent));
      if (piece.empty()) pieces_.pop_front();
    }
    if (over() && !std::exchange(told_, true)) ::shutdown(to.number(), SHUT_WR);
  }

 private:
  struct Piece {
    nanoseconds at;
    std::string bytes;
  };

  EmulatedLink link_;
  std::deque<Piece> pieces_;
  std::string held_;  // What the link has given up.
  std::size_t bytes_ = 0;
  bool ended_ = false, blocked_ = false, told_ = false;
};

}  // namespace

class Relay::Connection {
 public:
  Connection(const NetworkProfile& network, std::uint64_t seed, Descriptor near, Descriptor far)
      : near_(std::move(near)),
        far_(std::move(far)),
        up_(network, Way::up, seed),
        down_(network, Way::down, seed) {}

  /// TCP's greeting, there and back, before anything is on its way.
  void shake_hands(nanoseconds now) {
    const auto there = up_.greet(now);
    const auto back = there ? down_.greet(*there) : std::nullopt;
    opens_ = back.value_or(nanoseconds{});
  }

  void watch(std::vector<pollfd>& watched) const {
    const auto events = [](bool reads, bool writes) {
      return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
    };
    // Whose end is known isn't watched: poll would go on reporting it.
    const auto entry = [&](const Descriptor& socket, short what) {
      watched.push_back({what != 0 ? socket.number() : -1, what, 0});
    };
    entry(near_, events(up_.reads(), down_.blocked()));
    entry(far_, events(down_.reads(), up_.blocked()));
  }
  void carry(nanoseconds now, const pollfd& near, const pollfd& far) {
    constexpr short readable = POLLIN | POLLHUP | POLLERR;
    if ((near.revents & readable) != 0 && up_.reads()) up_.read(near_, now, opens_);
    if ((far.revents & readable) != 0 && down_.reads()) down_.read(far_, now, {});
    up_.write(far_, now);
    down_.write(near_, now);
  }
  nanoseconds due() const { return std::min(up_.due(), down_.due()); }
  bool over() const { return up_.over() && down_.over(); }

 private:
  Descriptor near_, far_;
  Direction up_, down_;
  nanoseconds opens_{};
};

Relay::Relay(const NetworkProfile& network, std::uint64_t seed, live::Wakeup stop)
    : network_(network), seed_(seed), stop_(std::move(stop)) {}

Result<std::unique_ptr<Relay>> Relay::listen(const NetworkProfile& network, std::uint16_t to,
                                             std::uint64_t seed) {
  ANTIPHON_TRY(live::Wakeup stop, live::Wakeup::make());
  std::unique_ptr<Relay> relay(new Relay(network, seed, std::move(stop)));
  relay->to_ = to;
  relay->listener_ = loopback_socket();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const int listener = relay->listener_.number();
  if (listener < 0 || ::bind(listener, any, size) != 0 || ::listen(listener, 64) != 0 ||
      ::getsockname(listener, any, &size) != 0)
    return no_socket();
  relay->port_ = ntohs(address.sin_port);
  relay->begin();
  return relay;
}

Result<std::unique_ptr<Relay>> Relay::join(const NetworkProfile& network, Descriptor near,
                                           Descriptor far, std::uint64_t seed) {
  ANTIPHON_TRY(live::Wakeup stop, live::Wakeup::make());
  std::unique_ptr<Relay> relay(new Relay(network, seed, std::move(stop)));
  relay->add(std::move(near), std::move(far), false);
  relay->begin();
  return relay;
}

Relay::~Relay() {
  stop_.notify();
  if (thread_.joinable()) thread_.join();
}

void Relay::begin() {
  thread_ = std::thread([this] { run(); });
}

void Relay::accept() {
  Descriptor near(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  Descriptor far = loopback_socket();
  const sockaddr_in address = loopback(to_);
  // On the loopback a connection is there at once, or nobody is.
  if (!near || !far ||
      (::connect(far.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
       errno != EINPROGRESS))
    return;
  add(std::move(near), std::move(far), true);
}

void Relay::add(Descriptor near, Descriptor far, bool shakes_hands) {
  if (connections_ == 0) start_ = live::host_now();
  send_at_once(near);
  send_at_once(far);
  open_.emplace_back(network_, seed_ + connections_++, std::move(near), std::move(far));
  if (shakes_hands) open_.back().shake_hands(now());
}

void Relay::run() {
  std::vector<pollfd> watched;
  for (;;) {
    watched.assign({{stop_.descriptor(), POLLIN, 0}, {listener_.number(), POLLIN, 0}});
    nanoseconds due = never;
    for (const Connection& connection : open_) {
      connection.watch(watched);
      due = std::min(due, connection.due());
    }
    const nanoseconds left = due == never ? never : std::max(due - now(), nanoseconds{});
    const timespec timeout{static_cast<std::time_t>(left / std::chrono::seconds(1)),
                           static_cast<long>((left % std::chrono::seconds(1)).count())};
    ::ppoll(watched.data(), watched.size(), due == never ? nullptr : &timeout, nullptr);
    if (watched[0].revents != 0) return;
    std::size_t next = 2;
    for (Connection& connection : open_) {
      connection.carry(now(), watched[next], watched[next + 1]);
      next += 2;
    }
    open_.remove_if([](const Connection& connection) { return connection.over(); });
    if (watched[1].revents != 0) accept();
  }
}

}  // namespace antiphon::edge
