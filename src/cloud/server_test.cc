// SPDX-License-Identifier: Apache-2.0
// Real sockets, and peers that behave as peers shouldn't.
#include "cloud/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "base/random.h"
#include "cloud/certificate.h"
#include "cloud/node.h"
#include "generate/noisy_model.h"

namespace antiphon::cloud {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

// A TCP connection to the node, with TLS on it where that is asked for. What blocks gives up after
// 20 s, so that a test ends whatever happens.
class Peer {
 public:
  explicit Peer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval longest{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Peer() {
    SSL_free(tls_);
    ::close(socket_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool connected() const { return connected_; }
  bool shake_hands() {
    tls_ = SSL_new(context());
    SSL_set_fd(tls_, socket_);
    return SSL_connect(tls_) == 1;
  }
  bool send(std::string_view bytes) {
    if (tls_ != nullptr) return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) > 0;
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  /// What comes next, up to `most` bytes; empty when it is over.
  std::string receive(std::size_t most = 4096) {
    std::string bytes(most, '\0');
    const auto got = tls_ != nullptr ? SSL_read(tls_, bytes.data(), static_cast<int>(most))
                                     : ::recv(socket_, bytes.data(), most, 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  std::string receive_all() {
    std::string all;
    for (std::string more = receive(); !more.empty(); more = receive()) all += more;
    return all;
  }
  std::string receive_exactly(std::size_t size) {
    std::string all;
    while (all.size() < size) {
      const std::string more = receive(size - all.size());
      if (more.empty()) break;
      all += more;
    }
    return all;
  }

  // A WebSocket (RFC 6455), as far as a test needs one.
  bool upgrade() {
    if (!shake_hands()) return false;
    send(
        "GET /v1/jam HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    std::string answer;
    while (answer.find("\r\n\r\n") == std::string::npos) {
      const std::string more = receive(1);
      if (more.empty()) return false;
      answer += more;
    }
    return answer.starts_with("HTTP/1.1 101");
  }
  static std::string frame(std::string_view payload) {
    std::string bytes = "\x82";  // Whole, binary.
    const std::size_t size = payload.size();
    const auto byte = [&](std::size_t value) { bytes += static_cast<char>(value & 255); };
    if (size < 126) {
      byte(128 | size);
    } else if (size < 65536) {
      byte(128 | 126);
      byte(size >> 8);
      byte(size);
    } else {
      byte(128 | 127);
      for (int shift = 56; shift >= 0; shift -= 8) byte(size >> shift);
    }
    return bytes.append(4, '\0').append(payload);  // A mask of zeros changes nothing.
  }
  bool say(const wire::Up& message) { return send(frame(wire::encode(message))); }
  std::string listen_raw() {
    const std::string head = receive_exactly(2);
    if (head.size() < 2) return {};
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size == 126) {
      const std::string more = receive_exactly(2);
      if (more.size() < 2) return {};
      size = static_cast<std::size_t>(static_cast<unsigned char>(more[0])) << 8 |
             static_cast<unsigned char>(more[1]);
    }
    return receive_exactly(size);
  }
  std::optional<wire::Down> listen() {
    const std::string payload = listen_raw();
    if (payload.empty()) return {};
    auto message = wire::parse_down(payload);
    if (!message) return {};
    return *std::move(message);
  }
  /// What it is told when it is let go; empty if the connection just ended.
  std::string refusal() {
    while (const auto message = listen()) {
      if (const auto* refused = std::get_if<wire::Refused>(&*message)) return refused->reason;
    }
    return {};
  }

 private:
  static SSL_CTX* context() {
    static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    return context;
  }
  int socket_;
  bool connected_ = false;
  SSL* tls_ = nullptr;
};

wire::Join join() {
  wire::Join join;
  join.header.slots = {{tokens::Role::human, 0, 0, 0}, {tokens::Role::ai, 0, 5, 3}};
  join.reach = 3;
  return join;
}

// A node that anybody on this machine may try.
class ServerTest : public testing::Test {
 protected:
  ServerTest() : node_([] { return std::make_unique<generate::NoisyModel>(64); }, options()) {}
  static NodeOptions options() {
    NodeOptions options;
    options.model = "noise";
    options.weights = std::string(64, '0');
    options.most_players = 64;
    return options;
  }
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    std::string folder = testing::TempDir() + "antiphon-server-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    ServerOptions options;
    options.port = 0;
    options.certificate = folder_ / "cert.pem";
    options.key = folder_ / "key.pem";
    options.patience = patience_;
    options.most_strangers = most_strangers_;
    ASSERT_TRUE(make_certificate(options.certificate, options.key, {"localhost"}).ok());
    server_ = *Server::start(std::move(options), node_);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::unique_ptr<Peer> joined() {
    auto peer = std::make_unique<Peer>(server_->port());
    EXPECT_TRUE(peer->upgrade());
    EXPECT_TRUE(peer->say(join()));
    const auto answer = peer->listen();
    EXPECT_TRUE(answer && std::holds_alternative<wire::Joined>(*answer));
    return peer;
  }
  // Whether a player is answered now.
  bool answered(Peer& peer) {
    ++asked_;
    if (!peer.say(wire::Tell{{}, wire::Ask{3 * static_cast<std::int32_t>(asked_), asked_, 0}}))
      return false;
    while (const auto message = peer.listen()) {
      const auto* draft = std::get_if<wire::Draft>(&*message);
      if (draft != nullptr && draft->request == asked_) return true;
    }
    return false;
  }
  std::string get(const std::string& target) {
    Peer peer(server_->port());
    if (!peer.shake_hands()) return {};
    peer.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return peer.receive_all();
  }
  // Until only `left` connections are there, and each is a player's; false if it doesn't come to
  // it.
  bool only(std::size_t left) {
    const auto so = [&] {
      return server_->connections() == left && node_.counts().players == left;
    };
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!so() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return so();
  }

  std::chrono::milliseconds patience_ = 10s;
  std::size_t most_strangers_ = 64;
  std::filesystem::path folder_;
  Node node_;
  std::unique_ptr<Server> server_;
  std::uint32_t asked_ = 0;
};

TEST_F(ServerTest, AnswersPlayersAndRequests) {
  const auto player = joined();
  EXPECT_TRUE(answered(*player));
  EXPECT_THAT(get("/health"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/metrics"), HasSubstr("antiphon_players 1\n"));
  EXPECT_THAT(get("/v1/version"), HasSubstr("\"model\":\"noise\""));
  EXPECT_THAT(get("/nowhere"), StartsWith("HTTP/1.1 404"));
}

// Each is told what is wrong, or the connection just ends; somebody else plays on.
TEST_F(ServerTest, WhatCantBeIsRefusedAndOthersPlayOn) {
  const auto other = joined();
  const std::string asks = wire::encode(wire::Up(wire::Tell{{}, wire::Ask{30, 9, 0}}));
  struct Case {
    std::string what, bytes, refusal;
  };
  wire::Tell beyond;
  beyond.events = {{0, {tokens::EventType::onset, 0, 3, 60, 0, 0}}};
  const std::vector<Case> cases = {
      {"malformed", Peer::frame("\xff\xff\xff"), "not one of this protocol"},
      {"empty", Peer::frame(""), "of no kind that is known"},
      {"truncated", Peer::frame(asks.substr(0, asks.size() - 1)), "not one of this protocol"},
      {"a part that isn't there", Peer::frame(wire::encode(wire::Up(beyond))), "beyond the 2"},
      {"joining again", Peer::frame(wire::encode(wire::Up(join()))), "has joined already"},
      {"replayed", Peer::frame(asks) + Peer::frame(asks), "after 9"},
      {"out of order",
       Peer::frame(asks) + Peer::frame(wire::encode(wire::Up(wire::Tell{{}, wire::Ask{3, 10, 0}}))),
       "after one about 30"},
      {"oversized", Peer::frame(std::string(wire::largest_message + 1, 'x')), ""},
      {"no WebSocket at all", std::string(64, '\xff'), ""},
  };
  for (const Case& one : cases) {
    const auto peer = joined();
    peer->send(one.bytes);
    const std::string refusal = peer->refusal();
    EXPECT_THAT(refusal, HasSubstr(one.refusal)) << one.what;
    EXPECT_TRUE(answered(*other)) << one.what;
  }
  EXPECT_TRUE(only(1));
}

TEST_F(ServerTest, NoiseInsteadOfTlsOrHttpIsDropped) {
  const auto other = joined();
  Random random(1);
  for (int i = 0; i < 50; ++i) {
    std::string noise(1 + random.below(300), '\0');
    for (char& byte : noise) byte = static_cast<char>(random.below(256));
    Peer bare(server_->port()), dressed(server_->port());
    bare.send(noise);
    ASSERT_TRUE(dressed.shake_hands());
    dressed.send(noise + "\r\n\r\n");
    if (i % 2 == 0) dressed.receive_all();
  }
  EXPECT_TRUE(answered(*other));
  EXPECT_TRUE(only(1));
}

// Connections opened and dropped at every stage leave nothing behind.
TEST_F(ServerTest, ManyWhoComeAndGoLeaveNothingBehind) {
  const auto other = joined();
  const auto bytes_in_use = [] {
    const auto memory = ::mallinfo2();
    return static_cast<long>(memory.uordblks + memory.hblkhd);
  };
  const auto storm = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Peer peer(server_->port());
      ASSERT_TRUE(peer.connected());
      if (i % 4 > 0) peer.shake_hands();
      if (i % 4 == 2) peer.send("GET /metr");
      if (i % 16 == 15) {
        Peer player(server_->port());
        ASSERT_TRUE(player.upgrade());
        player.say(join());
        player.say(wire::Tell{{}, wire::Ask{3, 1, 0}});
      }
    }
    EXPECT_TRUE(answered(*other));
    EXPECT_TRUE(only(1));
  };
  storm(64);
  const long before = bytes_in_use();
  storm(256);
  EXPECT_LT(bytes_in_use() - before, 256 * 1024) << "for 256 connections that are gone";
}

// Those who say nothing, or a byte now and then, are let go in time, and don't keep others out.
class ImpatientServer : public ServerTest {
 protected:
  ImpatientServer() {
    patience_ = 2s;
    most_strangers_ = 1000;
  }
};

TEST_F(ImpatientServer, LetsGoOfThoseWhoDontSayWhatTheyWant) {
  std::vector<std::unique_ptr<Peer>> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(std::make_unique<Peer>(server_->port()));
    Peer& peer = *slow.back();
    if (i % 4 == 1) peer.shake_hands();
    if (i % 4 == 2) peer.shake_hands() && peer.send("GET /health HT");
    if (i % 4 == 3) peer.upgrade() && peer.send("\x82");
  }
  EXPECT_TRUE(only(0)) << server_->connections();
  EXPECT_TRUE(answered(*joined()));
}

class CrowdedServer : public ServerTest {
 protected:
  CrowdedServer() { most_strangers_ = 8; }
};

TEST_F(CrowdedServer, StrangersOfOneAddressDontTakeAllThePlaces) {
  const auto player = joined();
  std::vector<std::unique_ptr<Peer>> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(std::make_unique<Peer>(server_->port()));
  EXPECT_EQ(idle.back()->receive(), "") << "closed at once";
  EXPECT_LE(server_->connections(), 9U);
  EXPECT_TRUE(answered(*player));
  idle.clear();
  EXPECT_TRUE(only(1));
  EXPECT_TRUE(answered(*joined()));
}

// One who takes nothing of what it is sent is cut off; what waits for it is bounded.
TEST_F(ServerTest, WhoDoesntListenIsCutOff) {
  const auto other = joined();
  const auto deaf = joined();
  const std::string ping = Peer::frame(wire::encode(wire::Up(wire::Ping{1})));
  std::string many;
  for (int i = 0; i < 1000; ++i) many += ping;
  // Far more answers than the sockets' buffers and the node's bound hold.
  for (int i = 0; i < 4000 && deaf->send(many); ++i) {
    if (server_->connections() == 1) break;
    if (i % 10 == 0) {
      EXPECT_TRUE(answered(*other)) << "and it is not silent for too long";
    }
  }
  EXPECT_TRUE(answered(*other));
  EXPECT_TRUE(only(1));
}

TEST_F(ServerTest, DrainsWhileThoseWhoPlayPlayOn) {
  auto player = joined();
  auto drained = std::async(std::launch::async, [&] { server_->drain(20s); });
  while (get("/ready").find("503") == std::string::npos) std::this_thread::yield();
  EXPECT_TRUE(answered(*player));
  Peer late(server_->port());
  ASSERT_TRUE(late.upgrade());
  late.say(join());
  EXPECT_THAT(late.refusal(), HasSubstr("about to stop"));
  player.reset();
  drained.wait();
  EXPECT_EQ(node_.counts().players, 0U);
}

}  // namespace
}  // namespace antiphon::cloud
