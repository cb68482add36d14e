// SPDX-License-Identifier: Apache-2.0
#include "edge/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace antiphon::edge {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr NetworkProfile far{"", 20ms, 0ms, 0, 0, 0, 0s, 0s};

// Two ends with a network between them.
struct Ends {
  explicit Ends(const NetworkProfile& network) {
    std::array<Descriptor, 2> far_ends = pair();
    std::array<Descriptor, 2> near_ends = pair();
    near = std::move(near_ends[0]);
    there = std::move(far_ends[0]);
    relay = *Relay::join(network, std::move(near_ends[1]), std::move(far_ends[1]), 1);
  }
  static std::array<Descriptor, 2> pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
  }
  Descriptor near, there;
  std::unique_ptr<Relay> relay;
};

void say(const Descriptor& to, const std::string& text) {
  ASSERT_EQ(::send(to.number(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// Waits for so many bytes, or for the end.
std::string hear(const Descriptor& from, std::size_t bytes) {
  std::string text(bytes, '\0');
  const ssize_t got = ::recv(from.number(), text.data(), bytes, MSG_WAITALL);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text;
}

TEST(Relay, BytesTakeHalfARoundTripInEachDirection) {
  const Ends ends(far);
  const nanoseconds start = live::host_now();
  say(ends.near, "there");
  EXPECT_EQ(hear(ends.there, 5), "there");
  EXPECT_GE(live::host_now() - start, 10ms);
  say(ends.there, "and back");
  EXPECT_EQ(hear(ends.near, 8), "and back");
  EXPECT_GE(live::host_now() - start, 20ms);
}

TEST(Relay, WhatIsSentIsThereBeforeTheEnd) {
  Ends ends(far);
  std::string all;
  for (int i = 0; i < 200; ++i) {
    say(ends.near, std::to_string(i));
    all += std::to_string(i);
  }
  ends.near = {};
  EXPECT_EQ(hear(ends.there, all.size() + 1), all);
}

TEST(Relay, NothingGetsThroughWhereThereIsNoNetwork) {
  Ends ends(*network_profile("offline"));
  say(ends.near, "hello");
  ends.near = {};
  EXPECT_EQ(hear(ends.there, 1), "") << "the end comes first";
}

TEST(Relay, AConnectionIsMadeInARoundTripMore) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.number(), any, size), 0);
  ASSERT_EQ(::listen(listener.number(), 1), 0);
  ASSERT_EQ(::getsockname(listener.number(), any, &size), 0);
  const auto relay = *Relay::listen(far, ntohs(address.sin_port), 1);

  address.sin_port = htons(relay->port());
  const Descriptor client(::socket(AF_INET, SOCK_STREAM, 0));
  const nanoseconds start = live::host_now();
  ASSERT_EQ(::connect(client.number(), any, size), 0);
  say(client, "hello");
  const Descriptor node(::accept(listener.number(), nullptr, nullptr));
  EXPECT_EQ(hear(node, 5), "hello");
  EXPECT_GE(live::host_now() - start, 30ms);
}

}  // namespace
}  // namespace antiphon::edge
