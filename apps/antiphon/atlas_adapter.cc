// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "antiphon/atlas.h"
#include "antiphon/devices.h"
#include "antiphon/performing.h"
#include "antiphon/process.h"
#include "antiphon/quality_report.h"
#include "antiphon/temporary_folder.h"
#include "edge/relay.h"
#include "live/spsc_queue.h"

namespace antiphon::app {
namespace {

using edge::Drafted;
using edge::steps_per_frame;
using edge::Told;
using std::chrono::nanoseconds;
using tokens::EventType;

constexpr std::size_t room = 16384;
constexpr std::size_t longest_line = 1 << 16;
constexpr std::int32_t longest_answer = 64;  // Frames.
constexpr int any_velocity = 0;              // As loud as the player.

Result<std::array<Descriptor, 2>> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{Errc::unavailable, std::string("no sockets: ") + std::strerror(errno)};
  return std::array{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Another system as a node: what it is told and answers are lines of JSON.
//
// Threads: one that reads.
class Adapter : public edge::Responder {
 public:
  Adapter(Descriptor socket, const tokens::Header& header, const live::Wakeup& conductor)
      : socket_(std::move(socket)), conductor_(conductor), out_(room) {
    for (std::size_t slot = 0; slot < header.slots.size(); ++slot) {
      const bool plays = header.slots[slot].role == tokens::Role::ai;
      is_you_.push_back(plays);
      if (plays) you_ = static_cast<std::uint8_t>(slot);
    }
    thread_ = std::thread([this] { read(); });
  }
  ~Adapter() override {
    ::shutdown(socket_.number(), SHUT_RDWR);
    thread_.join();
  }

  void say(const Json& line) {
    const std::string text = line.dump() + "\n";
    // Who takes nothing for so long as to fill a socket misses what comes then.
    const ssize_t sent =
        ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) bytes_up_ += static_cast<std::uint64_t>(sent);
  }

  void tell(std::vector<Told>& told) override {
    for (const Told& one : told) {
      if (one.kind == Told::Kind::event) tell(one.event);
      if (one.kind != Told::Kind::ask) continue;
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back({one.request, one.from, heard_});
        if (asked_.size() > room) asked_.pop_front();
      }
      say({{"type", "ask"}, {"ask", one.request}, {"from", one.from}});
    }
    told.clear();
  }
  bool answer(Drafted& drafted) override { return out_.pop(drafted); }

  /// What it has done wrong, if it has.
  std::string wrong() const {
    const std::lock_guard lock(mutex_);
    return wrong_;
  }
  std::uint64_t bytes_up() const { return bytes_up_; }
  std::uint64_t bytes_down() const { return bytes_down_; }

 private:
  struct Asked {
    std::uint32_t number;
    std::int32_t from;
    std::uint32_t heard;  // Onsets of the player before it.
  };

  void tell(const generate::TimedEvent& timed) {
    const tokens::Event& event = timed.event;
    const bool begins = event.type == EventType::onset || event.type == EventType::note;
    if (event.type == EventType::onset) ++heard_;
    Json line = {{"type", begins                         ? "note"
                          : event.type == EventType::tie ? "tie"
                                                         : "release"},
                 {"who", is_you_[event.slot] ? "you" : "player"},
                 {"at", timed.at},
                 {"pitch", event.pitch}};
    if (event.duration > 0) line["lasts"] = event.duration;
    say(line);
  }

  void read() {
    std::string text;
    std::array<char, 4096> some;
    for (std::size_t line = 1;;) {
      const ssize_t got = ::recv(socket_.number(), some.data(), some.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return;
      bytes_down_ += static_cast<std::uint64_t>(got);
      text.append(some.data(), static_cast<std::size_t>(got));
      for (std::size_t end; (end = text.find('\n')) != std::string::npos; ++line) {
        const std::string why = hear(std::string_view(text).substr(0, end));
        text.erase(0, end + 1);
        if (!why.empty())
          return give_up("line " + std::to_string(line) + " of its answers: " + why);
      }
      if (text.size() > longest_line) return give_up("a line of its answers doesn't end");
      conductor_.notify();
    }
  }

  void give_up(const std::string& why) {
    const std::lock_guard lock(mutex_);
    wrong_ = why;
  }

  // Why a line isn't an answer; empty if it is one.
  std::string hear(std::string_view text) try {
    const Json json = Json::parse(text);
    const std::uint32_t number = json.at("ask");
    const std::int32_t until = json.at("until");
    Asked asked{};
    {
      const std::lock_guard lock(mutex_);
      for (const Asked& one : asked_) {
        if (one.number == number) asked = one;
      }
    }
    if (asked.number == 0) return "'ask' is no question of the last ones";
    if (until <= asked.from || until > asked.from + longest_answer * steps_per_frame)
      return "'until' isn't within " + std::to_string(longest_answer) + " frames after 'from'";
    for (const Json& note : json.value("notes", Json::array())) {
      const std::int32_t at = note.at("at"), pitch = note.at("pitch"), lasts = note.at("lasts");
      if (at < asked.from || at >= until) return "a note isn't within what is answered";
      if (pitch < 0 || pitch > 127) return "'pitch' isn't 0 to 127";
      if (lasts < 1 || lasts > tokens::max_duration)
        return "'lasts' isn't 1 to " + std::to_string(tokens::max_duration);
      Drafted drafted;
      drafted.request = number;
      drafted.event = {at,
                       {EventType::note, 0, you_, static_cast<std::uint8_t>(pitch),
                        static_cast<std::uint8_t>(lasts), any_velocity}};
      out_.push(drafted);
    }
    Drafted covered;
    covered.kind = Drafted::Kind::covered;
    covered.request = number;
    covered.until = until;
    covered.heard = asked.heard;
    out_.push(covered);
    return {};
  } catch (const Json::exception&) {
    return "expected {\"ask\", \"until\", \"notes\": [{\"at\", \"pitch\", \"lasts\"}]}, got '" +
           std::string(text.substr(0, 60)) + "'";
  }

  const Descriptor socket_;
  const live::Wakeup& conductor_;
  live::SpscQueue<Drafted> out_;
  std::vector<bool> is_you_;  // By slot.
  std::uint8_t you_ = 0;
  std::uint32_t heard_ = 0;
  std::uint64_t bytes_up_ = 0;
  std::atomic<std::uint64_t> bytes_down_{0};
  mutable std::mutex mutex_;  // Of the two below.
  std::deque<Asked> asked_;
  std::string wrong_;
  std::thread thread_;
};

// What a system may know before the music begins.
Json opening(const edge::JamSetup& setup) {
  Json parts = Json::array();
  for (const tokens::Slot& slot : setup.header.slots) {
    parts.push_back(
        {{"who", slot.role == tokens::Role::ai ? "you" : "player"}, {"program", slot.instrument}});
  }
  Json meter = Json::array({4, 4});
  if (!setup.header.meters.empty()) {
    const music::Meter& first = setup.header.meters.front().value;
    meter = {first.numerator(), first.denominator()};
  }
  return {{"type", "begin"},
          {"steps_a_quarter", tokens::steps_per_quarter},
          {"steps_a_frame", steps_per_frame},
          {"tempo", setup.timeline.tempo_at({}).bpm()},
          {"meter", meter},
          {"parts", parts}};
}

}  // namespace

Result<edge::Jam> play_with_adapter(const AtlasOptions& options, const edge::JamSetup& base,
                                    const edge::NetworkProfile& network) {
  ANTIPHON_TRY(const TemporaryFolder folder, TemporaryFolder::make());
  ANTIPHON_TRY(const live::Wakeup wakeup, live::Wakeup::make());
  ANTIPHON_TRY(auto here, socket_pair());
  ANTIPHON_TRY(auto there, socket_pair());
  ANTIPHON_TRY(Process process, Process::start({"/bin/sh", "-c", options.adapter},
                                               folder.path() / "said", std::move(there[1])));
  ANTIPHON_TRY(const auto relay, edge::Relay::join(network, std::move(here[1]), std::move(there[0]),
                                                   options.sampling.seed));
  edge::JamSetup setup = base;
  setup.baseline = edge::FixedInterval{
      1, longest_answer, {}, setup.pace.deadline};  // It is asked for each frame.
  Adapter adapter(std::move(here[0]), setup.header, wakeup);
  adapter.say(opening(setup));
  edge::ScriptedPlayer player(setup.performer);
  Loudspeakers silence;
  const auto goes_on = watch_for_interrupt();
  const auto watch = [&](nanoseconds, const edge::Conductor&) {
    return goes_on(0) && adapter.wrong().empty() && !process.status();
  };
  ANTIPHON_TRY(edge::Jam jam,
               edge::play_live(
                   {}, setup,
                   {.player = player, .sink = silence, .wakeup = wakeup, .node = &adapter}, watch));
  if (const std::string why = adapter.wrong(); !why.empty())
    return Error{Errc::invalid_input, "--adapter: " + why};
  if (const auto status = process.status()) {
    const std::string said = process.last_words();
    return Error{Errc::invalid_input, "--adapter: it ended before the music did, with status " +
                                          std::to_string(*status) + (said.empty() ? "" : ": ") +
                                          said};
  }
  if (jam.stopped) return Error{Errc::unavailable, "stopped before all was measured"};
  jam.bytes_up = adapter.bytes_up();
  jam.bytes_down = adapter.bytes_down();
  jam.node_work =
      std::chrono::round<nanoseconds>(std::chrono::duration<double>(process.cpu_seconds()));
  return jam;
}

}  // namespace antiphon::app
