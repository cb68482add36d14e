// SPDX-License-Identifier: Apache-2.0
#include "antiphon/load_players.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "antiphon/model_folder.h"
#include "antiphon/performing.h"
#include "antiphon/process.h"
#include "edge/node_link.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::chrono::microseconds round{500};  // From one look at all players to the next.

// One player: a jam that a node answers, and a model here if it has one.
class Client {
 public:
  Client(const edge::JamSetup& setup, std::unique_ptr<edge::NodeLink> link, nanoseconds start,
         std::unique_ptr<generate::EventModel> model)
      : setup_(setup),
        link_(std::move(link)),
        start_(start),
        model_(std::move(model)),
        crew_{true, model_ != nullptr, false},
        conductor_(setup_.timeline, setup_.header, setup_.pace, setup_.length, crew_,
                   std::make_unique<edge::TieredScheduler>(setup_.timeline, setup_.header.meters,
                                                           setup_.pace, crew_, setup_.node)) {
    constexpr std::int32_t reach = 2 * edge::steps_per_frame;
    if (model_) own_.emplace(*model_, setup_.header, setup_.sampling, reach);
  }

  /// Does what is due, and says when to come again. Host time.
  nanoseconds step(nanoseconds host, std::vector<double>& delays_ms) {
    const nanoseconds now = host - start_;
    for (edge::Drafted drafted; link_->answer(drafted);)
      conductor_.take(edge::Model::cloud, drafted, now);
    if (host < due_) return due_;
    if (due_ > nanoseconds{}) delays_ms.push_back(Milliseconds(host - due_).count());
    while (played_ < setup_.performer.size() && setup_.performer[played_].at <= now)
      conductor_.hear(setup_.performer[played_++]);
    conductor_.advance(now);
    for (const edge::Told& told : conductor_.to_tell(edge::Model::edge)) own_->tell(told);
    conductor_.to_tell(edge::Model::edge).clear();
    while (own_ && own_->busy()) {
      own_->work(drafted_);
      for (const edge::Drafted& one : drafted_) conductor_.take(edge::Model::edge, one, now);
      drafted_.clear();
    }
    link_->tell(conductor_.to_tell(edge::Model::cloud));
    conductor_.to_send().clear();
    nanoseconds next = conductor_.next();
    if (played_ < setup_.performer.size()) next = std::min(next, setup_.performer[played_].at);
    return due_ = next == nanoseconds::max() ? next : start_ + next;
  }
  const std::vector<edge::FrameRecord>& frames() const { return conductor_.frames(); }

 private:
  edge::JamSetup setup_;
  const std::unique_ptr<edge::NodeLink> link_;
  const nanoseconds start_;
  const std::unique_ptr<generate::EventModel> model_;
  const edge::Crew crew_;
  edge::Conductor conductor_;
  std::optional<edge::Improviser> own_;
  std::vector<edge::Drafted> drafted_;
  nanoseconds due_{};
  std::size_t played_ = 0;
};

Error stopped() { return {Errc::unavailable, "stopped before all was measured"}; }

// What the process does.
class Band {
 public:
  static Result<Band> of(const LoadPlayersOptions& options) {
    ANTIPHON_TRY(live::Wakeup wakeup, live::Wakeup::make());
    std::optional<LoadedModel> model;
    if (options.model != "none") {
      ANTIPHON_TRY(model, load_model(options.model));
    }
    return Band(options, std::move(wakeup), std::move(model));
  }

  Status join(std::uint16_t port, std::size_t first, std::size_t count) {
    first_ = first;
    for (std::size_t i = 0; i < count; ++i) {
      const edge::JamSetup& setup = options_.setup;
      wire::Join join{{}, setup.header, setup.sampling, setup.reach};
      join.sampling.seed += first + i;
      const edge::NodeAddress address{"127.0.0.1", port, options_.certificate, {}};
      ANTIPHON_TRY(links_.emplace_back(),
                   edge::NodeLink::connect(address, std::move(join), wakeup_));
      models_.push_back(model_ ? generate::make_event_model(model_->net) : nullptr);
      if (!goes_on_(0)) return stopped();
    }
    return Done{};
  }

  Result<LoadFigures> play(nanoseconds begin) {
    LoadFigures figures;
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      edge::JamSetup setup = options_.setup;
      setup.node.round_trips = links_[i]->report().round_trips;
      // They come in over two beats, as people do.
      const auto late = std::chrono::milliseconds((first_ + i) * 997 % 1000);
      clients.push_back(std::make_unique<Client>(setup, std::move(links_[i]), begin + late,
                                                 std::move(models_[i])));
    }
    links_.clear();
    models_.clear();
    const double cpu_before = cpu_seconds();
    const nanoseconds end = begin + options_.setup.length + std::chrono::seconds(1);
    for (nanoseconds now = live::host_now(); now < end; now = live::host_now()) {
      nanoseconds next = end;
      for (const auto& client : clients)
        next = std::min(next, client->step(now, figures.own_delay_ms));
      if (!goes_on_(0)) return stopped();
      wakeup_.wait_until(next);
      // All of them are looked after at once, not each as soon as something of its own is there.
      std::this_thread::sleep_until(std::chrono::steady_clock::time_point(now + round));
    }
    figures.cpu_seconds = cpu_seconds() - cpu_before;
    figures.memory_mib = resident_mib();
    for (const auto& client : clients) {
      for (const edge::FrameRecord& frame : client->frames()) {
        ++figures.frames;
        figures.fresh += frame.tier == edge::Tier::cloud;
        figures.answered += frame.tier <= edge::Tier::cloud_backup;
        if (frame.tier == edge::Tier::cloud)
          figures.answer_ms.push_back(Milliseconds(frame.fixed - frame.asked).count());
      }
    }
    return figures;
  }

 private:
  Band(const LoadPlayersOptions& options, live::Wakeup wakeup, std::optional<LoadedModel> model)
      : options_(options),
        model_(std::move(model)),
        wakeup_(std::move(wakeup)),
        goes_on_(watch_for_interrupt()) {}

  const LoadPlayersOptions options_;
  const std::optional<LoadedModel> model_;
  live::Wakeup wakeup_;
  generate::Progress goes_on_;
  std::size_t first_ = 0;
  std::vector<std::unique_ptr<edge::NodeLink>> links_;
  std::vector<std::unique_ptr<generate::EventModel>> models_;
};

// Between the two processes: lines of JSON.

void say(std::FILE* file, const Json& what) {
  std::fputs((what.dump() + "\n").c_str(), file);
  std::fflush(file);
}

std::optional<Json> hear(std::FILE* file) {
  char* line = nullptr;
  std::size_t room = 0;
  const ssize_t length = ::getline(&line, &room, file);
  const std::unique_ptr<char, decltype(&std::free)> owner(line, &std::free);
  if (length <= 0) return {};
  return Json::parse(line, line + length);
}

Json to_json(const LoadFigures& figures) {
  return {{"frames", figures.frames},
          {"fresh", figures.fresh},
          {"answered", figures.answered},
          {"answer_ms", figures.answer_ms},
          {"own_delay_ms", figures.own_delay_ms},
          {"cpu_seconds", figures.cpu_seconds},
          {"memory_mib", figures.memory_mib}};
}

LoadFigures figures_of(const Json& json) {
  return {json["frames"],       json["fresh"],       json["answered"],  json["answer_ms"],
          json["own_delay_ms"], json["cpu_seconds"], json["memory_mib"]};
}

template <class T>
Json outcome(const Result<T>& result, Json done) {
  if (!result) return {{"wrong", result.error().message}};
  return done;
}

void be_players(const LoadPlayersOptions& options, std::FILE* in, std::FILE* out) {
  while (const auto task = hear(in)) {
    auto band = Band::of(options);
    const Status joined =
        band ? band->join((*task)["port"], (*task)["first"], (*task)["players"]) : band.error();
    say(out, outcome(joined, Json::object()));
    if (!joined) return;
    const auto begin = hear(in);
    if (!begin) return;
    const auto figures = band->play(nanoseconds(begin->get<std::int64_t>()));
    say(out, outcome(figures, figures ? to_json(*figures) : Json()));
  }
}

}  // namespace

void LoadFigures::add(const LoadFigures& other) {
  frames += other.frames;
  fresh += other.fresh;
  answered += other.answered;
  answer_ms.insert(answer_ms.end(), other.answer_ms.begin(), other.answer_ms.end());
  own_delay_ms.insert(own_delay_ms.end(), other.own_delay_ms.begin(), other.own_delay_ms.end());
  cpu_seconds += other.cpu_seconds;
  memory_mib += other.memory_mib;
}

Result<LoadPlayers> LoadPlayers::start(const LoadPlayersOptions& options) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{Errc::unavailable, std::string("no sockets: ") + std::strerror(errno)};
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process < 0)
    return Error{Errc::unavailable, std::string("no process: ") + std::strerror(errno)};
  const int own = ends[process == 0], others = ends[process != 0];
  ::close(others);
  File in(::fdopen(own, "r")), out(::fdopen(::dup(own), "w"));
  if (process > 0) return LoadPlayers(process, std::move(in), std::move(out));
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent) be_players(options, in.get(), out.get());
  ::_exit(0);
}

LoadPlayers::LoadPlayers(LoadPlayers&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      said_(std::move(other.said_)),
      told_(std::move(other.told_)) {}

LoadPlayers::~LoadPlayers() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void LoadPlayers::join(std::uint16_t port, std::size_t first, std::size_t count) {
  say(told_.get(), {{"port", port}, {"first", first}, {"players", count}});
}

void LoadPlayers::play(nanoseconds begin) { say(told_.get(), begin.count()); }

Result<Json> LoadPlayers::heard() {
  auto said = hear(said_.get());
  if (!said) return Error{Errc::unavailable, "the players' process has ended"};
  if (said->contains("wrong")) return Error{Errc::unavailable, (*said)["wrong"].get<std::string>()};
  return std::move(*said);
}

Status LoadPlayers::joined() {
  ANTIPHON_CHECK(heard());
  return Done{};
}

Result<LoadFigures> LoadPlayers::played() {
  ANTIPHON_TRY(const Json said, heard());
  return figures_of(said);
}

}  // namespace antiphon::app
