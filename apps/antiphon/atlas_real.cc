// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <thread>

#include "antiphon/atlas.h"
#include "antiphon/jam_timeline.h"
#include "antiphon/performing.h"
#include "antiphon/process.h"
#include "antiphon/score_files.h"
#include "antiphon/shaped_network.h"
#include "antiphon/temporary_folder.h"
#include "base/file.h"
#include "edge/relay.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

constexpr auto look_every = std::chrono::milliseconds(10);
constexpr auto longest_start = std::chrono::seconds(60);  // Of a node, and of a jam.
constexpr std::size_t largest_file = std::size_t{1} << 28;

// A jam that is on, and where it leaves what it was.
struct Player {
  Process process;
  fs::path timeline, report;
};

class Hosts : public RealJams {
 public:
  Hosts(const AtlasOptions& options, TemporaryFolder folder)
      : options_(options), folder_(std::move(folder)), goes_on_(watch_for_interrupt()) {}

  Status open() {
    if (options_.by == "netem") {
      auto made = ShapedNetwork::make(file("network.log"));
      if (!made) {
        return Error{made.error().code,
                     "--real needs root and a kernel with network namespaces and netem (" +
                         made.error().message +
                         "); --relay needs neither: there this program delays and loses"};
      }
      network_ = std::move(*made);
    }
    // Its certificate is made for this, and no token asked for.
    Words words = {"env",     "XDG_STATE_HOME=" + folder_.path().string(),
                   program_,  "serve",
                   "--model", options_.model,
                   "--port",  "0",
                   "--open"};
    if (network_) {
      const std::string address = ShapedNetwork::address;
      words.insert(words.end(), {"--address", address, "--name", address});
      words = network_->on(ShapedNetwork::Host::node, words);
    }
    ANTIPHON_TRY(Process node, Process::start(words, file("node.log")));
    node_.emplace(std::move(node));
    return find_port();
  }

  Result<std::vector<edge::Jam>> play(const std::vector<Song>& songs,
                                      const edge::NetworkProfile& network,
                                      const std::string& mode) override {
    std::vector<edge::Jam> jams;
    for (std::size_t i = 0; i < songs.size(); i += options_.side_by_side) {
      const std::size_t end = std::min(i + options_.side_by_side, songs.size());
      ANTIPHON_CHECK(play_some(std::span(songs).subspan(i, end - i), network, mode, jams));
    }
    return jams;
  }

 private:
  fs::path file(const std::string& name) const { return folder_.path() / name; }

  // It says where it plays as soon as it does.
  Status find_port() {
    const auto end = Clock::now() + longest_start;
    while (!node_->status() && Clock::now() < end && goes_on_(0)) {
      std::this_thread::sleep_for(look_every);
      const auto log = read_file(file("node.log"), largest_file);
      if (!log) continue;
      const std::string_view text = as_text(*log);
      const auto said = text.find("\"address\":\"");
      const auto colon = said == text.npos ? said : text.find(':', said + 11);
      const auto quote = colon == text.npos ? colon : text.find('"', colon);
      if (quote == text.npos) continue;
      std::from_chars(text.data() + colon + 1, text.data() + quote, port_);
      return Done{};
    }
    return Error{Errc::unavailable, "the node: " + node_->last_words()};
  }

  Status play_some(std::span<const Song> songs, const edge::NetworkProfile& network,
                   const std::string& mode, std::vector<edge::Jam>& jams) {
    std::string node;
    std::unique_ptr<edge::Relay> relay;
    if (network_) {
      ANTIPHON_CHECK(network_->shape(network));
      node = ShapedNetwork::address + (":" + std::to_string(port_));
    } else if (mode != "alone") {
      ANTIPHON_TRY(relay, edge::Relay::listen(network, port_, options_.sampling.seed));
      node = "127.0.0.1:" + std::to_string(relay->port());
    }
    const double worked = node_->cpu_seconds();
    std::vector<Player> players;
    nanoseconds length{};
    for (const Song& song : songs) {
      ANTIPHON_TRY(const edge::JamSetup setup, atlas_setup(options_, song, network, mode));
      length = std::max(length, setup.length);
      ANTIPHON_TRY(Player player, start(song, setup, mode, node, players.size()));
      players.push_back(std::move(player));
    }
    ANTIPHON_CHECK(wait_for(players, network, length));
    const auto share = std::chrono::duration<double>((node_->cpu_seconds() - worked) /
                                                     static_cast<double>(players.size()));
    for (const Player& player : players) {
      ANTIPHON_TRY(edge::Jam jam, read_jam(player));
      jam.node_work = std::chrono::round<nanoseconds>(share);
      jams.push_back(std::move(jam));
    }
    return Done{};
  }

  Result<Player> start(const Song& song, const edge::JamSetup& setup, const std::string& mode,
                       const std::string& node, std::size_t index) {
    // What the player has of the song: their own part, as far as it is to be played.
    music::Score part = song.score;
    part.parts = {song.score.parts[song.roles.melody]};
    const std::string name = "player-" + std::to_string(index);
    const fs::path score = file(name + ".mid"), timeline = file(name + ".timeline.json"),
                   report = file(name + ".json");
    ANTIPHON_CHECK(write_score(score, part));
    const auto text = [](double value) {
      char digits[32];
      return std::string(digits, std::to_chars(digits, std::end(digits), value).ptr);
    };
    const generate::Sampling& sampling = options_.sampling;
    Words words = {program_,        "jam",
                   "--performer",   score,
                   "--tempo",       text(options_.bpm),
                   "--model",       options_.edge,
                   "--style",       options_.style,
                   "--seed",        std::to_string(sampling.seed),
                   "--temperature", text(sampling.temperature),
                   "--top-p",       text(sampling.top_p),
                   "--sound",       "none",
                   "--timeline",    timeline,
                   "--report",      report};
    if (options_.reflex) words.insert(words.end(), {"--reflex", *options_.reflex});
    if (mode != "alone") {
      words.insert(words.end(), {"--node", node, "--begin-without-node", "--node-certificate",
                                 file("antiphon/node.cert.pem"), "--policy", options_.policy,
                                 "--shared", options_.model, "--layers", options_.layers.cut,
                                 "--noise", text(options_.layers.noise)});
      if (setup.baseline) {
        words.insert(words.end(), {"--fixed-interval", std::to_string(setup.baseline->interval)});
      } else {
        words.insert(words.end(), {"--mode", mode});
      }
    }
    if (network_) words = network_->on(ShapedNetwork::Host::player, words);
    ANTIPHON_TRY(Process process, Process::start(words, file(name + ".log")));
    return Player{std::move(process), timeline, report};
  }

  // Meanwhile a line that flaps does so.
  Status wait_for(std::vector<Player>& players, const edge::NetworkProfile& network,
                  nanoseconds length) {
    const auto start = Clock::now();
    bool out = false;
    for (;;) {
      const nanoseconds now = Clock::now() - start;
      if (!goes_on_(0)) return Error{Errc::unavailable, "stopped before all was measured"};
      if (node_->status())
        return Error{Errc::unavailable, "the node ended: " + node_->last_words()};
      if (now > length + longest_start) return Error{Errc::unavailable, "a jam doesn't end"};
      if (network_ && network.period > nanoseconds{}) {
        const bool is_out = now % network.period >= network.period - network.outage;
        if (is_out != out) ANTIPHON_CHECK(network_->shape(network, is_out));
        out = is_out;
      }
      bool over = true;
      for (Player& player : players) {
        const auto status = player.process.status();
        over &= status.has_value();
        if (status.value_or(0) != 0)
          return Error{Errc::unavailable, "a jam failed: " + player.process.last_words()};
      }
      if (over) return Done{};
      std::this_thread::sleep_for(look_every);
    }
  }

  Result<edge::Jam> read_jam(const Player& player) {
    ANTIPHON_TRY(const Bytes timeline, read_file(player.timeline, largest_file));
    ANTIPHON_TRY(edge::Jam jam, parse_timeline(as_text(timeline), *music::Tempo::of(options_.bpm)));
    ANTIPHON_TRY(const Bytes report, read_file(player.report, largest_file));
    const Json json = Json::parse(as_text(report), nullptr, false);
    if (const auto link = json.find("node"); link != json.end()) {
      jam.bytes_up = link->value("bytes_up", std::uint64_t{});
      jam.bytes_down = link->value("bytes_down", std::uint64_t{});
      jam.left.events = link->value("notes_left", std::uint64_t{});
      jam.left.rows = link->value("rows_left", std::uint64_t{});
    }
    return jam;
  }

  const AtlasOptions options_;
  const TemporaryFolder folder_;
  const std::string program_ = this_program();
  const generate::Progress goes_on_;
  std::unique_ptr<ShapedNetwork> network_;  // Null: a relay.
  std::optional<Process> node_;
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<RealJams>> RealJams::start(const AtlasOptions& options) {
  ANTIPHON_TRY(TemporaryFolder folder, TemporaryFolder::make());
  auto hosts = std::make_unique<Hosts>(options, std::move(folder));
  ANTIPHON_CHECK(hosts->open());
  return std::unique_ptr<RealJams>(std::move(hosts));
}

}  // namespace antiphon::app
