// SPDX-License-Identifier: Apache-2.0
#include "cloud/server.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "cloud/visit.h"

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
constexpr std::size_t overhead = 64;                         // Of each message that waits.
constexpr std::uint32_t longest_header = 8192;
constexpr auto longest_silence = std::chrono::seconds(30);  // A player's link asks how far it is.
constexpr auto before_accepting_again = std::chrono::milliseconds(50);

// What all connections share.
struct House {
  House(ServerOptions with, Node& of, LayerNode* shared)
      : options(std::move(with)),
        node(of),
        layers(shared),
        door(options.tokens),
        rest(std::in_place, options.rest, node, door, options.tokens, layers) {}

  const ServerOptions options;
  Node& node;
  LayerNode* const layers;  // May be null.
  Door door;
  std::atomic<std::size_t> connections{0}, players{0};
  std::map<std::string, std::size_t> strangers;  // By address. Of the server's thread.
  std::optional<Rest> rest;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, ssl::context& tls, House& house)
      : stream_(std::move(socket), tls), by_(stream_.get_executor()), house_(house) {
    error_code error;
    const auto peer = lowest().socket().remote_endpoint(error);
    address_ = peer.address().to_string();
    peer_ = address_ + ":" + std::to_string(peer.port());
    ++house_.connections;
    ++house_.strangers[address_];
  }
  ~Connection() {
    --house_.connections;
    house_.players -= plays_;
    known();
  }

  void run() {
    if (house_.strangers[address_] > house_.options.most_strangers) return;
    parser_.header_limit(longest_header);
    parser_.body_limit(largest_body);
    error_code error;
    lowest().socket().set_option(tcp::no_delay(true), error);
    lowest().expires_after(house_.options.patience);
    stream_.next_layer().async_handshake(
        ssl::stream_base::server,
        beast::bind_front_handler(&Connection::on_handshake, shared_from_this()));
  }

 private:
  // It isn't a stranger any more, or is gone.
  void known() {
    if (std::exchange(known_, true)) return;
    const auto of_address = house_.strangers.find(address_);
    if (--of_address->second == 0) house_.strangers.erase(of_address);
  }

  void on_handshake(error_code error) {
    if (error) return;
    http::async_read(stream_.next_layer(), buffer_, parser_,
                     beast::bind_front_handler(&Connection::on_request, shared_from_this()));
  }

  void on_request(error_code error, std::size_t) {
    if (error) return;
    const auto& request = parser_.get();
    if (!websocket::is_upgrade(request) || request.target() != "/v1/jam") return answer(request);
    // A WebSocket has times of its own; what is left to join by is watched apart.
    lowest().expires_never();
    websocket::stream_base::timeout times{};
    times.handshake_timeout = house_.options.patience;
    times.idle_timeout = longest_silence;
    stream_.set_option(times);
    stream_.read_message_max(longest_message());
    stream_.binary(true);
    by_.expires_after(house_.options.patience);
    by_.async_wait([weak = weak_from_this()](error_code stopped) {
      const auto self = weak.lock();
      if (!stopped && self && !self->known_) self->lowest().close();
    });
    stream_.async_accept(request,
                         beast::bind_front_handler(&Connection::on_accept, shared_from_this()));
  }

  void answer(const http::request<http::string_body>& from) {
    Request request;
    request.method = std::string(from.method_string());
    request.target = std::string(from.target());
    request.body = from.body();
    const std::string authorization(from[http::field::authorization]);
    constexpr std::string_view scheme = "Bearer ";
    if (authorization.starts_with(scheme)) request.secret = authorization.substr(scheme.size());
    // Connections end on the server's thread, so nothing of this one stays where it is answered.
    house_.rest->answer(request, [self = shared_from_this()](Response response) mutable {
      const auto executor = self->stream_.get_executor();
      asio::post(executor, [own = std::move(self), response = std::move(response)]() mutable {
        own->write(std::move(response));
      });
    });
  }

  void write(Response response) {
    response_ = {static_cast<http::status>(response.status), 11};
    if (!response.type.empty()) response_.set(http::field::content_type, response.type);
    if (response.status == 429) response_.set(http::field::retry_after, "5");
    response_.keep_alive(false);
    response_.body() = std::move(response.body);
    response_.prepare_payload();
    lowest().expires_after(house_.options.patience);
    http::async_write(stream_.next_layer(), response_,
                      [self = shared_from_this()](error_code, std::size_t) {
                        self->stream_.next_layer().async_shutdown([self](error_code) {});
                      });
  }

  void on_accept(error_code error) {
    if (error) return;
    const auto send = [weak = weak_from_this(),
                       executor = stream_.get_executor()](std::string text) {
      asio::post(executor, [weak, text = std::move(text)]() mutable {
        if (const auto self = weak.lock()) self->write(std::move(text));
      });
    };
    visit_.emplace(house_.node, house_.layers, house_.door, house_.options.log, peer_, send);
    read();
  }

  void read() {
    stream_.async_read(buffer_,
                       beast::bind_front_handler(&Connection::on_read, shared_from_this()));
  }

  void on_read(error_code error, std::size_t) {
    if (error || leaving_) return;
    const auto bytes = buffer_.data();
    const Status status = visit_->hear({static_cast<const char*>(bytes.data()), bytes.size()});
    buffer_.consume(buffer_.size());
    if (!status) return refuse(status.error().message);
    if (visit_->joined() && !std::exchange(plays_, true)) {
      ++house_.players;
      known();
    }
    read();
  }

  void refuse(const std::string& reason) {
    house_.options.log("refused", {{"peer", peer_}, {"why", reason}});
    leaving_ = true;
    visit_.reset();
    write(refusal(reason));
  }

  void write(std::string message) {
    waiting_ += message.size() + overhead;
    if (waiting_ > longest_queue) {
      house_.options.log("cut off", {{"peer", peer_}, {"why", "it doesn't take what it is sent"}});
      return lowest().close();
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
    waiting_ -= out_.front().size() + overhead;
    out_.pop_front();
    if (!out_.empty()) return write_next();
    if (leaving_) {
      stream_.async_close(websocket::close_code::policy_error,
                          [self = shared_from_this()](error_code) {});
    }
  }

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  websocket::stream<beast::ssl_stream<beast::tcp_stream>> stream_;
  asio::steady_timer by_;  // When it must have joined.
  House& house_;
  std::string address_, peer_;
  beast::flat_buffer buffer_{longest_message() + longest_header};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
  std::optional<Visit> visit_;
  std::deque<std::string> out_;
  std::size_t waiting_ = 0;  // Bytes in it.
  bool known_ = false, plays_ = false, leaving_ = false;
};

class TlsServer : public Server {
 public:
  TlsServer(ServerOptions options, Node& node, LayerNode* layers)
      : house_(std::move(options), node, layers) {}
  ~TlsServer() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    // Nobody sends to the connections any more, which end with the context.
    house_.rest.reset();
    end_visits(house_.node, house_.layers);
  }

  Status open() {
    const ServerOptions& options = house_.options;
    error_code error;
    tls_.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                     ssl::context::no_tlsv1_1);
    // What each connection would leave behind, and hold while it waits.
    SSL_CTX_set_session_cache_mode(tls_.native_handle(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls_.native_handle(), SSL_MODE_RELEASE_BUFFERS);
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
  std::size_t connections() const override { return house_.connections; }

  void drain(std::chrono::milliseconds longest) override {
    house_.door.close();
    const auto end = std::chrono::steady_clock::now() + longest;
    while (house_.players > 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

 private:
  static Error unreadable(const std::filesystem::path& path, const error_code& error) {
    return {Errc::invalid_input, path.string() + ": not in PEM as expected: " + error.message()};
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      // Out of descriptors, for one: those who leave give some back.
      if (error) return accept_later();
      if (house_.connections < house_.options.most_connections)
        std::make_shared<Connection>(std::move(socket), tls_, house_)->run();
      accept();
    });
  }
  void accept_later() {
    again_.expires_after(before_accepting_again);
    again_.async_wait([this](error_code stopped) {
      if (!stopped) accept();
    });
  }

  House house_;
  asio::io_context context_{1};
  ssl::context tls_{ssl::context::tls_server};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer again_{context_};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Node& node,
                                              LayerNode* layers) {
  auto server = std::make_unique<TlsServer>(std::move(options), node, layers);
  ANTIPHON_CHECK(server->open());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace antiphon::cloud
