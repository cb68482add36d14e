// SPDX-License-Identifier: Apache-2.0
#include "antiphon/strangers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

namespace antiphon::app {

using namespace std::string_view_literals;

Strangers::Strangers(std::uint16_t port, std::size_t count, std::chrono::nanoseconds over)
    : thread_([=, this] { run(port, count, over); }) {}

Strangers::~Strangers() {
  stopping_ = true;
  thread_.join();
}

void Strangers::run(std::uint16_t port, std::size_t count, std::chrono::nanoseconds over) {
  constexpr std::array says = {""sv, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv,
                               "GET / HTTP/1.1\r\n"sv, "\xff\x00\xff\x00\xff\x00\xff\x00"sv};
  std::array<int, 32> open;  // The last few.
  open.fill(-1);
  sockaddr_in node{};
  node.sin_family = AF_INET;
  node.sin_port = htons(port);
  node.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count && !stopping_; ++i) {
    std::this_thread::sleep_until(start + over * i / count);
    int& place = open[i % open.size()];
    if (place >= 0) ::close(place);
    place = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(place, reinterpret_cast<const sockaddr*>(&node), sizeof node) != 0) continue;
    ++came_;
    const std::string_view what = says[i % says.size()];
    if (!what.empty()) ::send(place, what.data(), what.size(), MSG_NOSIGNAL);
    if (i % 8 < 4) ::close(std::exchange(place, -1));
  }
  for (const int one : open) {
    if (one >= 0) ::close(one);
  }
}

}  // namespace antiphon::app
