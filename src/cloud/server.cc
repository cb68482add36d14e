// SPDX-License-Identifier: Apache-2.0
#include "cloud/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "crypto/hash.h"

namespace antiphon::cloud {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
namespace websocket = beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t longest_queue = std::size_t{1} << 20;  // Bytes that a peer hasn't taken.
constexpr std::uint32_t longest_request = 8192;
constexpr auto patience = std::chrono::seconds(10);  // With a peer that says nothing.
constexpr std::size_t most_connections = 1024;

std::string metrics_of(const NodeCounts& counts, const LayerCounts& layers) {
  std::string text;
  const auto metric = [&](const char* name, const char* type, const char* help, double value) {
    char line[256];
    std::snprintf(line, sizeof line,
                  "# HELP antiphon_%s %s\n# TYPE antiphon_%s %s\nantiphon_%s %.17g\n", name, help,
                  name, type, name, value);
    text += line;
  };
  metric("players", "gauge", "Players now.", static_cast<double>(counts.players));
  metric("players_joined_total", "counter", "Players since the start.",
         static_cast<double>(counts.joined));
  metric("questions_total", "counter", "Questions of players.", static_cast<double>(counts.asked));
  metric("questions_late_total", "counter", "Questions that were overtaken by the player's next.",
         static_cast<double>(counts.late));
  metric("frames_total", "counter", "Frames drafted.", static_cast<double>(counts.frames));
  metric("sharers", "gauge", "Who shares the model by layers now.",
         static_cast<double>(layers.players));
  metric("layer_messages_total", "counter", "Messages for its layers.",
         static_cast<double>(layers.messages));
  metric("layer_steps_total", "counter", "Steps that they were run for.",
         static_cast<double>(layers.steps));
  text +=
      "# HELP antiphon_answer_seconds From a question to its first frame.\n"
      "# TYPE antiphon_answer_seconds histogram\n";
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.answers.size(); ++i) {
    sum += counts.answers[i];
    char bound[32] = "+Inf";
    if (i < NodeCounts::bounds_ms.size())
      std::snprintf(bound, sizeof bound, "%g", NodeCounts::bounds_ms[i] / 1000);
    text += "antiphon_answer_seconds_bucket{le=\"" + std::string(bound) + "\"} " +
            std::to_string(sum) + "\n";
  }
  char line[128];
  std::snprintf(line, sizeof line,
                "antiphon_answer_seconds_sum %.9g\nantiphon_answer_seconds_count %llu\n",
                counts.answer_ms_sum / 1000, static_cast<unsigned long long>(sum));
  return text + line;
}

// In a time that doesn't tell how much of it is right.
bool same_secret(const std::string& a, const std::string& b) {
  const std::string x = crypto::sha256_hex(as_bytes(a)), y = crypto::sha256_hex(as_bytes(b));
  unsigned different = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    different |= static_cast<unsigned>(static_cast<unsigned char>(x[i] ^ y[i]));
  return different == 0;
}

// What all connections share.
struct House {
  const ServerOptions options;
  Node& node;
  LayerNode& layers;
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};

  std::size_t players() const { return node.counts().players + layers.counts().players; }
  bool admits(const std::string& token) const {
    bool known = options.tokens.empty();
    for (const std::string& one : options.tokens) known |= same_secret(one, token);
    return known;
  }
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, ssl::context& tls, House& house)
      : stream_(std::move(socket), tls), house_(house) {
    ++house_.connections;
    error_code error;
    const auto peer = beast::get_lowest_layer(stream_).socket().remote_endpoint(error);
    peer_ = peer.address().to_string() + ":" + std::to_string(peer.port());
  }
  ~Connection() {
    if (player_) house_.node.leave(*player_);
    if (sharer_) house_.layers.leave(*sharer_);
    if (player_ || sharer_) house_.options.log(peer_ + " left");
    --house_.connections;
  }

  void run() {
    parser_.header_limit(longest_request);
    parser_.body_limit(longest_request);
    beast::get_lowest_layer(stream_).socket().set_option(tcp::no_delay(true));
    beast::get_lowest_layer(stream_).expires_after(patience);
    stream_.next_layer().async_handshake(
        ssl::stream_base::server,
        beast::bind_front_handler(&Connection::on_handshake, shared_from_this()));
  }

 private:
  void on_handshake(error_code error) {
    if (error) return;
    http::async_read(stream_.next_layer(), buffer_, parser_,
                     beast::bind_front_handler(&Connection::on_request, shared_from_this()));
  }

  void on_request(error_code error, std::size_t) {
    if (error) return;
    const auto& request = parser_.get();
    if (!websocket::is_upgrade(request) || request.target() != "/v1/jam") return answer(request);
    beast::get_lowest_layer(stream_).expires_never();
    stream_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    stream_.read_message_max(wire::largest_message);
    stream_.binary(true);
    stream_.async_accept(request,
                         beast::bind_front_handler(&Connection::on_accept, shared_from_this()));
  }

  void answer(const http::request<http::string_body>& request) {
    const bool get = request.method() == http::verb::get;
    const auto target = request.target();
    http::status status = http::status::ok;
    std::string body;
    if (get && target == "/health") {
      body = "ok\n";
    } else if (get && target == "/ready") {
      if (house_.draining) status = http::status::service_unavailable;
      body = house_.draining ? "stopping\n" : "ready\n";
    } else if (get && target == "/metrics") {
      body = metrics_of(house_.node.counts(), house_.layers.counts());
    } else {
      status = http::status::not_found;
      body = "There are /health, /ready, /metrics, and players at the WebSocket /v1/jam.\n";
    }
    response_ = {status, request.version()};
    response_.set(http::field::content_type, "text/plain; version=0.0.4");
    response_.keep_alive(false);
    response_.body() = std::move(body);
    response_.prepare_payload();
    http::async_write(stream_.next_layer(), response_,
                      [self = shared_from_this()](error_code, std::size_t) {
                        self->stream_.next_layer().async_shutdown([self](error_code) {});
                      });
  }

  void on_accept(error_code error) {
    if (!error) read();
  }

  void read() {
    stream_.async_read(buffer_,
                       beast::bind_front_handler(&Connection::on_read, shared_from_this()));
  }

  void on_read(error_code error, std::size_t) {
    if (error || leaving_) return;
    const Status status = hear(beast::buffers_to_string(buffer_.data()));
    buffer_.consume(buffer_.size());
    if (!status) return refuse(status.error().message);
    read();
  }

  Status hear(const std::string& bytes) {
    ANTIPHON_TRY(wire::Up message, wire::parse_up(bytes));
    if (const auto* ping = std::get_if<wire::Ping>(&message)) {
      write(wire::encode(wire::Down(*ping)));
      return Done{};
    }
    if (const auto* tell = std::get_if<wire::Tell>(&message)) {
      if (!player_) return Error{Errc::invalid_input, "expected to be joined first"};
      return house_.node.tell(*player_, *tell);
    }
    if (auto* steps = std::get_if<wire::Steps>(&message)) {
      if (!sharer_) return Error{Errc::invalid_input, "expected to be joined by layers first"};
      return house_.layers.tell(*sharer_, std::move(*steps));
    }
    if (player_ || sharer_) return Error{Errc::invalid_input, "has joined already"};
    if (house_.draining) return Error{Errc::unavailable, "the node is about to stop"};
    const auto send = [weak = weak_from_this(),
                       executor = stream_.get_executor()](std::string text) {
      asio::post(executor, [weak, text = std::move(text)]() mutable {
        if (const auto self = weak.lock()) self->write(std::move(text));
      });
    };
    const Error stranger{Errc::invalid_input, "the token isn't known here"};
    if (const auto* join = std::get_if<wire::JoinLayers>(&message)) {
      if (!house_.admits(join->token)) return stranger;
      ANTIPHON_TRY(sharer_, house_.layers.join(*join, send));
      house_.options.log(peer_ + " joined, to share layers " + std::to_string(join->cut.first) +
                         " to " + std::to_string(join->cut.last));
    } else {
      const auto& player = std::get<wire::Join>(message);
      if (!house_.admits(player.token)) return stranger;
      ANTIPHON_TRY(player_, house_.node.join(player, send));
      house_.options.log(peer_ + " joined, " + std::to_string(player.header.slots.size()) +
                         " parts");
    }
    const NodeOptions& node = house_.node.options();
    write(wire::encode(wire::Down(wire::Joined{node.model, node.weights})));
    return Done{};
  }

  void refuse(const std::string& reason) {
    house_.options.log(peer_ + " is let go: " + reason);
    leaving_ = true;
    write(wire::encode(wire::Down(wire::Refused{reason})));
  }

  void write(std::string message) {
    waiting_ += message.size();
    if (waiting_ > longest_queue) {
      house_.options.log(peer_ + " is let go: it doesn't take what it is sent");
      return beast::get_lowest_layer(stream_).close();
    }
    out_.push_back(std::move(message));
    if (out_.size() == 1) write_next();
  }

  void write_next() {
    stream_.async_write(asio::buffer(out_.front()),
                        beast::bind_front_handler(&Connection::on_write, shared_from_this()));
  }

  void on_write(error_code error, std::size_t) {
    if (error) return;
    waiting_ -= out_.front().size();
    out_.pop_front();
    if (!out_.empty()) return write_next();
    if (leaving_) {
      stream_.async_close(websocket::close_code::policy_error,
                          [self = shared_from_this()](error_code) {});
    }
  }

  websocket::stream<beast::ssl_stream<beast::tcp_stream>> stream_;
  House& house_;
  std::string peer_;
  beast::flat_buffer buffer_{wire::largest_message + longest_request};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
  std::optional<Node::Player> player_;
  std::optional<LayerNode::Player> sharer_;
  std::deque<std::string> out_;
  std::size_t waiting_ = 0;  // Bytes in it.
  bool leaving_ = false;
};

class TlsServer : public Server {
 public:
  TlsServer(ServerOptions options, Node& node, LayerNode& layers)
      : house_{std::move(options), node, layers} {}
  ~TlsServer() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    house_.node.clear();  // Nobody sends to the connections any more, which end now.
    house_.layers.clear();
  }

  Status open() {
    const ServerOptions& options = house_.options;
    error_code error;
    tls_.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                     ssl::context::no_tlsv1_1);
    tls_.use_certificate_chain_file(options.certificate.string(), error);
    if (error) return unreadable(options.certificate, error);
    tls_.use_private_key_file(options.key.string(), ssl::context::pem, error);
    if (error) return unreadable(options.key, error);
    const auto address = asio::ip::make_address(options.address, error);
    if (error) {
      return Error{Errc::invalid_input,
                   options.address + ": not an address such as 127.0.0.1 or 0.0.0.0"};
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error{Errc::unavailable,
                   options.address + ":" + std::to_string(options.port) + ": " + error.message()};
    }
    port_ = acceptor_.local_endpoint().port();
    accept();
    thread_ = std::thread([this] { context_.run(); });
    return Done{};
  }

  std::uint16_t port() const override { return port_; }

  void drain(std::chrono::milliseconds longest) override {
    house_.draining = true;
    const auto end = std::chrono::steady_clock::now() + longest;
    while (house_.players() > 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

 private:
  static Error unreadable(const std::filesystem::path& path, const error_code& error) {
    return {Errc::invalid_input, path.string() + ": not in PEM as expected: " + error.message()};
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (!error && house_.connections < most_connections)
        std::make_shared<Connection>(std::move(socket), tls_, house_)->run();
      accept();
    });
  }

  House house_;
  asio::io_context context_{1};
  ssl::context tls_{ssl::context::tls_server};
  tcp::acceptor acceptor_{context_};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Node& node,
                                              LayerNode& layers) {
  auto server = std::make_unique<TlsServer>(std::move(options), node, layers);
  ANTIPHON_CHECK(server->open());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace antiphon::cloud
