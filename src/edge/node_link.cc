// SPDX-License-Identifier: Apache-2.0
#include "edge/node_link.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <charconv>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "crypto/random.h"
#include "generate/split_improviser.h"
#include "live/spsc_queue.h"

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = asio::ssl;
namespace websocket = beast::websocket;
using boost::system::error_code;
using std::chrono::nanoseconds;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr std::size_t room = 16384;        // Messages on their way.
constexpr std::size_t most_events = 1000;  // Of one message.
constexpr std::size_t remembered = 4096;   // Events that a node is told when it comes back.
constexpr auto patience = std::chrono::seconds(3);  // With each step of connecting, and silence.
constexpr auto ping_every = std::chrono::seconds(1);
constexpr std::size_t pings_kept = 64;
constexpr int first_pings = 8;
constexpr auto longest_pause = std::chrono::seconds(1);  // Before a broken link is tried again.

// This device's part of a model that is shared by layers.
struct OuterLayers {
  OuterLayers(const SharedModel& shared, const JamSetup& setup)
      : model(shared.net, shared.cut, {shared.noise, crypto::SecretUniform()}),
        drafter(shared.make_drafter()),
        improviser(model, *drafter, setup.header, setup.sampling) {
    improviser.set_chart(setup.chart);
  }

  generate::SplitModel model;
  const std::unique_ptr<generate::EventModel> drafter;
  generate::SplitImproviser improviser;
};

class TlsLink : public NodeLink {
 public:
  /// `join`: a `Join`, or a `JoinLayers` where there are outer layers.
  TlsLink(NodeAddress address, wire::Up join, std::unique_ptr<OuterLayers> outer,
          const live::Wakeup& conductor, live::Wakeup told)
      : address_(std::move(address)),
        join_(std::move(join)),
        outer_(std::move(outer)),
        conductor_(conductor),
        told_(std::move(told)),
        in_(room),
        out_(room),
        arrival_(context_, told_.descriptor()) {}

  ~TlsLink() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    arrival_.release();  // The descriptor is the wakeup's.
  }

  Status open() {
    error_code error;
    tls_.set_verify_mode(ssl::verify_peer);
    if (address_.certificate.empty()) {
      tls_.set_default_verify_paths(error);
    } else {
      tls_.load_verify_file(address_.certificate.string(), error);
      if (error) {
        return Error{Errc::invalid_input, address_.certificate.string() +
                                              ": not a certificate in PEM: " + error.message()};
      }
    }
    auto ready = ready_.get_future();
    wait_for_told();
    resolve();
    thread_ = std::thread([this] { context_.run(); });
    return ready.get();
  }

  void tell(std::vector<Told>& told) override {
    if (told.empty()) return;
    for (const Told& one : told) in_.push(one);
    told.clear();
    told_.notify();
  }
  bool answer(Drafted& drafted) override { return out_.pop(drafted); }

  LinkReport report() const override {
    const std::lock_guard lock(mutex_);
    LinkReport report = report_;
    std::vector<nanoseconds> trips(trips_.begin(), trips_.end());
    std::sort(trips.begin(), trips.end());
    if (!trips.empty()) {
      report.round_trip_p50 = trips[trips.size() / 2];
      report.round_trip_p95 = trips[(trips.size() * 95 - 1) / 100];
    }
    report.round_trips = std::move(trips);
    return report;
  }

 private:
  using Stream = websocket::stream<beast::ssl_stream<beast::tcp_stream>>;

  // All below runs on the link's thread. `life_` tells the handlers of a lost connection that it is
  // not theirs any more.
  template <class Then>
  auto alive(Then then) {
    return [this, life = life_, then](error_code error, auto...) {
      if (life != life_) return;
      if (error) return lose(error.message());
      then();
    };
  }

  void resolve() {
    stream_.emplace(context_, tls_);
    broken_off_.clear();
    writing_ = false;
    const auto life = life_;
    resolver_.async_resolve(address_.host, std::to_string(address_.port),
                            [this, life](error_code error, tcp::resolver::results_type found) {
                              if (life != life_) return;
                              if (error) return lose(error.message());
                              lowest().expires_after(patience);
                              lowest().async_connect(found, alive([this] { shake_hands(); }));
                            });
  }

  void shake_hands() {
    lowest().socket().set_option(tcp::no_delay(true));
    SSL_set_tlsext_host_name(stream_->next_layer().native_handle(), address_.host.c_str());
    stream_->next_layer().set_verify_callback(ssl::host_name_verification(address_.host));
    lowest().expires_after(patience);
    stream_->next_layer().async_handshake(ssl::stream_base::client, alive([this] { upgrade(); }));
  }

  void upgrade() {
    lowest().expires_never();
    auto timeout = websocket::stream_base::timeout::suggested(beast::role_type::client);
    timeout.handshake_timeout = patience;
    timeout.idle_timeout = patience;
    timeout.keep_alive_pings = true;
    stream_->set_option(timeout);
    stream_->binary(true);
    stream_->read_message_max(wire::largest_message);
    stream_->async_handshake(address_.host, "/v1/jam", alive([this] {
                               if (auto* join = std::get_if<wire::Join>(&join_))
                                 join->start = memory_.empty() ? 0 : memory_.front().event.at;
                               send(join_);
                               read();
                             }));
  }

  void lose(const std::string& why) {
    ++life_;
    pinging_.cancel();
    if (!told_ready_ && !address_.patient)
      return fail(address_.host + ":" + std::to_string(address_.port) + ": " + why);
    if (!std::exchange(told_ready_, true)) ready_.set_value(Done{});
    if (joined_) {
      const std::lock_guard lock(mutex_);
      ++report_.breaks;
    }
    joined_ = false;
    // What is being written is borrowed until its handler was called.
    broken_off_ = std::exchange(queue_, {});
    lowest().close();
    pause_ = std::min<Clock::duration>(pause_ * 2, longest_pause);
    again_.expires_after(pause_);
    again_.async_wait([this](error_code error) {
      if (!error) resolve();
    });
  }

  void fail(std::string why) {
    if (std::exchange(told_ready_, true)) return;
    ready_.set_value(Error{Errc::unavailable, std::move(why)});
  }

  void read() {
    stream_->async_read(buffer_, alive([this] {
                          const std::string bytes = beast::buffers_to_string(buffer_.data());
                          buffer_.consume(buffer_.size());
                          {
                            const std::lock_guard lock(mutex_);
                            report_.bytes_down += bytes.size();
                          }
                          const auto message = wire::parse_down(bytes);
                          if (!message) return lose("the node sent no message of this protocol");
                          std::visit([this](const auto& one) { hear(one); }, *message);
                          if (joined_ || !told_ready_) read();
                        }));
  }

  void hear(const wire::Joined& joined) {
    {
      const std::lock_guard lock(mutex_);
      report_.model = joined.model;
      report_.weights = joined.weights;
    }
    joined_ = true;
    waiting_ = {};
    pause_ = std::chrono::milliseconds(125);
    if (outer_) outer_->improviser.reset_middle();
    // What it missed, if it came back.
    for (std::size_t i = 0; i < memory_.size(); i += most_events) {
      wire::Tell tell;
      for (std::size_t j = i; j < std::min(i + most_events, memory_.size()); ++j)
        tell.events.push_back(memory_[j].event);
      send(tell);
    }
    ping();
  }
  void hear(const wire::Draft& draft) { pass_down(wire::drafted_of(draft)); }
  void hear(const wire::Harmony& harmony) { pass_down(wire::drafted_of(harmony)); }
  void pass_down(const std::vector<Drafted>& drafted) {
    for (const Drafted& one : drafted) out_.push(one);
    conductor_.notify();
  }
  void hear(const wire::Added& added) {
    std::vector<Drafted> drafted;
    if (!outer_ || !outer_->improviser.hear(added.serial, added.rows, drafted))
      return lose("the node sent activations that weren't asked for");
    give(drafted);
  }
  void hear(const wire::Late&) {}  // The next question is on its way.
  void hear(const wire::Refused& refused) {
    const std::string why = "the node refuses: " + refused.reason;
    told_ready_ ? lose(why) : fail(address_.host + ": " + why);
  }
  void hear(const wire::Ping& pong) {
    const auto took = Clock::now().time_since_epoch() - nanoseconds(pong.stamp);
    {
      const std::lock_guard lock(mutex_);
      trips_.push_back(took);
      if (trips_.size() > pings_kept) trips_.pop_front();
    }
    if (!told_ready_ && ++pongs_ < first_pings) return ping();
    if (!std::exchange(told_ready_, true)) ready_.set_value(Done{});
    pinging_.expires_after(ping_every);
    pinging_.async_wait([this, life = life_](error_code error) {
      if (!error && life == life_) ping();
    });
  }

  void ping() {
    send(wire::Ping{static_cast<std::uint64_t>(Clock::now().time_since_epoch().count())});
  }

  void wait_for_told() {
    arrival_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
      if (error) return;
      told_.clear();
      pass_on();
      wait_for_told();
    });
  }

  void give(const std::vector<Drafted>& drafted) {
    for (const Drafted& one : drafted) out_.push(one);
    if (!drafted.empty()) conductor_.notify();
  }

  void pass_on_outer() {
    for (Told told; in_.pop(told);) {
      if (told.kind != Told::Kind::ask) {
        outer_->improviser.tell(told);
      } else if (joined_) {
        std::vector<Drafted> drafted;
        for (generate::MiddleSteps& steps : outer_->improviser.ask(told, drafted))
          send(wire::Steps{std::move(steps), told.within_us});
        give(drafted);
      }
    }
  }

  // What was played travels with the next question: a node has no use for it before.
  void pass_on() {
    if (outer_) return pass_on_outer();
    for (Told told; in_.pop(told);) {
      if (told.kind == Told::Kind::event) {
        memory_.push_back(told);
        if (memory_.size() > remembered) memory_.pop_front();
        waiting_.events.push_back(told.event);
      } else if (told.kind == Told::Kind::ask) {
        waiting_.ask = wire::Ask{
            told.from,    told.request, told.within_us, told.reach, std::exchange(drafted_, {}),
            told.foretold};
      } else if (told.kind == Told::Kind::drawn) {
        drafted_.push_back(told.drawn);
      }
      if (waiting_.events.size() == most_events || waiting_.ask) send(std::exchange(waiting_, {}));
    }
  }

  void send(const wire::Up& message) {
    const bool may = joined_ || !(std::holds_alternative<wire::Tell>(message) ||
                                  std::holds_alternative<wire::Steps>(message));
    if (!may || !stream_->is_open()) return;  // It is told when it has joined.
    {
      const std::lock_guard lock(mutex_);
      report_.left.count(message);
    }
    queue_.push_back(wire::encode(message));
    if (!writing_) write();
  }

  void write() {
    writing_ = true;
    {
      const std::lock_guard lock(mutex_);
      report_.bytes_up += queue_.front().size();
    }
    stream_->async_write(asio::buffer(queue_.front()), alive([this] {
                           queue_.pop_front();
                           writing_ = false;
                           if (!queue_.empty()) write();
                         }));
  }

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(*stream_); }

  const NodeAddress address_;
  wire::Up join_;
  const std::unique_ptr<OuterLayers> outer_;
  const live::Wakeup& conductor_;
  const live::Wakeup told_;
  live::SpscQueue<Told> in_;
  live::SpscQueue<Drafted> out_;

  mutable std::mutex mutex_;  // Of the two below.
  LinkReport report_;
  std::deque<nanoseconds> trips_;

  asio::io_context context_{1};
  ssl::context tls_{ssl::context::tls_client};
  asio::posix::stream_descriptor arrival_;
  tcp::resolver resolver_{context_};
  asio::steady_timer again_{context_}, pinging_{context_};
  std::optional<Stream> stream_;
  beast::flat_buffer buffer_{wire::largest_message};
  std::deque<std::string> queue_, broken_off_;
  std::deque<Told> memory_;
  std::vector<generate::DrawnChoice> drafted_;  // To be checked with the next question.
  wire::Tell waiting_;
  bool joined_ = false, writing_ = false;
  int life_ = 0, pongs_ = 0;
  Clock::duration pause_ = std::chrono::milliseconds(125);
  bool told_ready_ = false;
  std::promise<Status> ready_;
  std::thread thread_;
};

Result<std::unique_ptr<NodeLink>> open_link(const NodeAddress& address, wire::Up join,
                                            std::unique_ptr<OuterLayers> outer,
                                            const live::Wakeup& conductor) {
  ANTIPHON_TRY(live::Wakeup told, live::Wakeup::make());
  auto link = std::make_unique<TlsLink>(address, std::move(join), std::move(outer), conductor,
                                        std::move(told));
  ANTIPHON_CHECK(link->open());
  return std::unique_ptr<NodeLink>(std::move(link));
}

}  // namespace

Result<NodeAddress> NodeAddress::parse(const std::string& text) {
  const Error error{
      Errc::invalid_input,
      "'" + text + "': expected a node's address such as music.example or music.example:8765"};
  NodeAddress address;
  address.host = text;
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const auto bracket = text.find(']');
  if (bracketed && bracket == std::string::npos) return error;
  const bool has_port = colon != std::string::npos && (!bracketed || colon > bracket);
  if (has_port) {
    address.host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, address.port);
    if (read.ec != std::errc() || read.ptr != end || address.port == 0) return error;
  }
  if (bracketed) address.host = address.host.substr(1, bracket - 1);
  if (address.host.empty() || (!bracketed && address.host.find(':') != std::string::npos))
    return error;
  return address;
}

Result<std::unique_ptr<NodeLink>> NodeLink::connect(const NodeAddress& address, wire::Join join,
                                                    const live::Wakeup& conductor) {
  join.token = address.token;
  return open_link(address, std::move(join), nullptr, conductor);
}

Result<std::unique_ptr<NodeLink>> NodeLink::share(const NodeAddress& address,
                                                  const SharedModel& shared, const JamSetup& setup,
                                                  const live::Wakeup& conductor) {
  return open_link(address, wire::JoinLayers{address.token, shared.sha256, shared.cut},
                   std::make_unique<OuterLayers>(shared, setup), conductor);
}

}  // namespace antiphon::edge
