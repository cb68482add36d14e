// SPDX-License-Identifier: Apache-2.0
#include "antiphon/load_bench.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "antiphon/casting.h"
#include "antiphon/model_folder.h"
#include "antiphon/performing.h"
#include "antiphon/quality_report.h"
#include "antiphon/score_files.h"
#include "antiphon/strangers.h"
#include "antiphon/temporary_folder.h"
#include "base/file.h"
#include "cloud/certificate.h"
#include "cloud/node.h"
#include "cloud/server.h"
#include "drawing/chart.h"
#include "edge/measures.h"
#include "edge/node_link.h"
#include "edge/performer.h"
#include "generate/model_batch.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Options {
  fs::path song;
  std::string model = "duet-edge", edge = "reflex", mode = "cloud-first";
  std::vector<std::size_t> players = {1, 16, 32, 64, 96, 128, 192, 256, 384, 512};
  double seconds = 20, bpm = 120, horizon_ms = 12;
  std::size_t strangers = 0;
  int workers = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::size_t batch = cloud::NodeOptions().batch;
  double most_missed = 0.01;
  fs::path json, picture;
};

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
  nanoseconds step(nanoseconds host) {
    const nanoseconds now = host - start_;
    for (edge::Drafted drafted; link_->answer(drafted);)
      conductor_.take(edge::Model::cloud, drafted, now);
    if (host < due_) return due_;
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

constexpr std::chrono::microseconds round{500};  // From one look at all players to the next.

struct Row {
  std::size_t players = 0;
  double fresh = 0, answered = 0;  ///< Shares of frames: made for the frame; by any draft.
  edge::Spread answer_ms;          ///< From a question to its frame being fixed.
  double cpu = 0, node_cpu = 0;    ///< Seconds of all cores a second; of these, to play.
  double node_ms = 0;              ///< CPU time of the node for a bar of a player.
  double batch = 0;                ///< Players in a pass through the model.
  double late = 0;                 ///< Share of questions that the node let go.
  std::size_t strangers = 0;       ///< Who came and went meanwhile.
  double memory_mib = 0;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Result<Row> measure(const Options& options, const edge::JamSetup& base, std::size_t players,
                    const edge::NodeAddress& address, const cloud::Node& node,
                    const std::optional<LoadedModel>& device, const generate::Progress& goes_on) {
  ANTIPHON_TRY(const live::Wakeup wakeup, live::Wakeup::make());
  std::vector<std::unique_ptr<edge::NodeLink>> links;
  for (std::size_t i = 0; i < players; ++i) {
    wire::Join join;
    join.header = base.header;
    join.sampling = base.sampling;
    join.sampling.seed += i;
    join.reach = base.reach;
    ANTIPHON_TRY(links.emplace_back(), edge::NodeLink::connect(address, std::move(join), wakeup));
    if (!goes_on(0)) return Error{Errc::unavailable, "stopped before all was measured"};
  }
  // Which takes longer than the players have before they begin.
  std::vector<std::unique_ptr<generate::EventModel>> models(players);
  for (auto& model : models) model = device ? generate::make_event_model(device->net) : nullptr;
  std::vector<std::unique_ptr<Client>> clients;
  const nanoseconds begin = live::host_now() + std::chrono::milliseconds(200);
  for (std::size_t i = 0; i < players; ++i) {
    edge::JamSetup setup = base;
    setup.node.wishes.mode = collab::mode_of(options.mode);
    setup.node.round_trips = links[i]->report().round_trips;
    // They come in over two beats, as people do.
    const auto late = std::chrono::milliseconds(i * 997 % 1000);
    clients.push_back(
        std::make_unique<Client>(setup, std::move(links[i]), begin + late, std::move(models[i])));
  }
  const double cpu_before = cpu_seconds();
  const cloud::NodeCounts before = node.counts();
  const auto length =
      std::chrono::round<nanoseconds>(std::chrono::duration<double>(options.seconds));
  std::optional<Strangers> strangers;
  if (options.strangers > 0) strangers.emplace(address.port, options.strangers, length);
  const nanoseconds end =
      begin + std::chrono::round<nanoseconds>(std::chrono::duration<double>(options.seconds + 1));
  for (nanoseconds now = live::host_now(); now < end; now = live::host_now()) {
    nanoseconds next = end;
    for (const auto& client : clients) next = std::min(next, client->step(now));
    if (!goes_on(0)) return Error{Errc::unavailable, "stopped before all was measured"};
    wakeup.wait_until(next);
    // All of them are looked after at once, not each as soon as something of its own is there.
    std::this_thread::sleep_until(std::chrono::steady_clock::time_point(now + round));
  }
  Row row;
  row.players = players;
  row.cpu = (cpu_seconds() - cpu_before) / (options.seconds + 1);
  if (strangers) row.strangers = strangers->came();
  const cloud::NodeCounts after = node.counts();
  row.node_cpu = (after.cpu_seconds - before.cpu_seconds) / (options.seconds + 1);
  row.batch = static_cast<double>(after.steps - before.steps) /
              std::max(static_cast<double>(after.passes - before.passes), 1.0);
  row.late = static_cast<double>(after.late - before.late) /
             std::max(static_cast<double>(after.asked - before.asked), 1.0);
  const double bar = 16 * std::chrono::duration<double>(base.timeline.time_of({240})).count();
  row.node_ms = (after.cpu_seconds - before.cpu_seconds) * 1000 /
                (options.seconds * static_cast<double>(players) / bar);
  std::vector<double> took;
  double frames = 0, fresh = 0, answered = 0;
  for (const auto& client : clients) {
    for (const edge::FrameRecord& frame : client->frames()) {
      ++frames;
      fresh += frame.tier == edge::Tier::cloud;
      answered += frame.tier <= edge::Tier::cloud_backup;
      if (frame.tier == edge::Tier::cloud)
        took.push_back(Milliseconds(frame.fixed - frame.asked).count());
    }
  }
  row.fresh = fresh / std::max(frames, 1.0);
  row.answered = answered / std::max(frames, 1.0);
  row.answer_ms = edge::spread_of(std::move(took));
  std::ifstream status("/proc/self/statm");
  double pages = 0, resident = 0;
  status >> pages >> resident;
  row.memory_mib = resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
  return row;
}

Json to_json(const Row& row) {
  return {{"players", row.players},
          {"fresh", row.fresh},
          {"answered", row.answered},
          {"answer_ms",
           {{"p50", row.answer_ms.p50}, {"p95", row.answer_ms.p95}, {"p99", row.answer_ms.p99}}},
          {"cores", row.cpu},
          {"node_ms_a_bar", row.node_ms},
          {"cores_that_play", row.node_cpu},
          {"players_a_pass", row.batch},
          {"let_go", row.late},
          {"strangers", row.strangers},
          {"memory_mib", row.memory_mib}};
}

Result<Bytes> picture_of(const std::vector<Row>& rows, const fs::path& path) {
  ANTIPHON_TRY(const auto format, drawing::format_of(path));
  drawing::Chart chart;
  chart.title = "From a question to its answer, by players on one node";
  chart.x_label = "players";
  chart.y_label = "ms";
  chart.curves = {{"median", {}}, {"95 %", {}}, {"99 %", {}}};
  for (const Row& row : rows) {
    const auto players = static_cast<double>(row.players);
    chart.curves[0].points.emplace_back(players, row.answer_ms.p50);
    chart.curves[1].points.emplace_back(players, row.answer_ms.p95);
    chart.curves[2].points.emplace_back(players, row.answer_ms.p99);
  }
  return drawing::draw_curves(chart, format);
}

Status bench_load(const Options& options) {
  if (!options.json.empty()) ANTIPHON_CHECK(check_writable(options.json));
  if (!options.picture.empty()) ANTIPHON_CHECK(check_writable(options.picture));
  ANTIPHON_TRY(const auto tempo, music::Tempo::of(options.bpm));
  ANTIPHON_TRY(music::Score song, read_score(options.song));
  song.tempos = {{{}, tempo}};
  ANTIPHON_TRY(const auto human, human_parts(song, {}));
  ANTIPHON_TRY(const auto ai, ai_parts({}));
  ANTIPHON_TRY(edge::JamSetup setup, edge::perform(song, human, ai, tokens::Style::song, 100));
  setup.length = std::chrono::round<nanoseconds>(std::chrono::duration<double>(options.seconds));
  setup.sampling = {0.95, 0.95, 1};
  setup.pace.horizon = std::chrono::round<nanoseconds>(Milliseconds(options.horizon_ms));
  setup.pace.deadline = setup.pace.horizon / 4;

  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  std::optional<LoadedModel> device;
  if (options.mode == "drafts") {
    ANTIPHON_TRY(device, load_model(options.edge));
  }
  ANTIPHON_TRY(const auto folder, TemporaryFolder::make());
  cloud::ServerOptions server;
  server.port = 0;
  server.certificate = folder.path() / "cert.pem";
  server.key = folder.path() / "key.pem";
  ANTIPHON_CHECK(
      cloud::make_certificate(server.certificate, server.key, {"localhost", "127.0.0.1"}));
  cloud::Node node([&] { return generate::make_batched_model(model.net); },
                   {model.name, model.sha256, options.workers, 10000, options.batch},
                   [&] { return generate::make_model_batch(model.net, options.batch); });
  ANTIPHON_TRY(const auto running, cloud::Server::start(server, node));
  const edge::NodeAddress address{"127.0.0.1", running->port(), server.certificate, {}};

  std::printf("%8s %8s %9s %22s %7s %9s %11s %7s %7s %8s\n", "players", "in time", "answered",
              "answer, ms: 50/95/99 %", "cores", "that play", "node ms/bar", "a pass", "let go",
              "MiB");
  const auto goes_on = watch_for_interrupt();
  std::vector<Row> rows;
  std::size_t most = 0;
  for (const std::size_t players : options.players) {
    ANTIPHON_TRY(const Row row, measure(options, setup, players, address, node, device, goes_on));
    std::printf("%8zu %8.4f %9.4f %8.1f/%6.1f/%6.1f %7.2f %9.2f %11.2f %7.1f %7.4f %8.0f\n",
                row.players, row.fresh, row.answered, row.answer_ms.p50, row.answer_ms.p95,
                row.answer_ms.p99, row.cpu, row.node_cpu, row.node_ms, row.batch, row.late,
                row.memory_mib);
    if (row.strangers > 0) std::printf("%8s %zu strangers came and went.\n", "", row.strangers);
    std::fflush(stdout);
    rows.push_back(row);
    if (1 - row.fresh > options.most_missed) break;
    most = players;
  }
  std::printf("%zu players had at least %.1f %% of their frames answered in time.\n", most,
              100 * (1 - options.most_missed));
  if (!options.picture.empty()) {
    ANTIPHON_TRY(const Bytes picture, picture_of(rows, options.picture));
    ANTIPHON_CHECK(write_file(options.picture, picture));
  }
  if (options.json.empty()) return Done{};
  Json all = Json::array();
  for (const Row& row : rows) all.push_back(to_json(row));
  const Json json = {{"model", model.name},
                     {"mode", options.mode},
                     {"tempo", options.bpm},
                     {"workers", options.workers},
                     {"seconds", options.seconds},
                     {"most_missed", options.most_missed},
                     {"players", most},
                     {"rows", all}};
  return write_file(options.json, json.dump(2) + "\n");
}

}  // namespace

Action declare_load(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.add_option("SONG", options->song, "The score whose melody all players play")->required();
  flags.add_option("--model", options->model, "The node's")->capture_default_str();
  flags
      .add_option("--mode", options->mode,
                  "cloud-first, or drafts, which the players' devices make")
      ->check(CLI::IsMember({"cloud-first", "drafts"}))
      ->capture_default_str();
  flags.add_option("--edge-model", options->edge, "A player's own, where it drafts")
      ->capture_default_str();
  flags.add_option("--players", options->players, "How many at a time, one number after another")
      ->delimiter(',')
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  flags.add_option("--seconds", options->seconds, "Of music, for each number of players")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  flags.add_option("--tempo", options->bpm, "Quarters a minute")->capture_default_str();
  flags.add_option("--workers", options->workers, "The node's threads (default: one a core)")
      ->check(CLI::Range(1, 1024));
  flags
      .add_option("--horizon", options->horizon_ms,
                  "Milliseconds before a frame at which players ask for it, if answers are as fast")
      ->check(CLI::Range(1.0, 100.0))
      ->capture_default_str();
  flags
      .add_option("--strangers", options->strangers,
                  "Connections of others, opened and dropped meanwhile at every number of players")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  flags.add_option("--batch", options->batch, "Players whose steps one of them runs together")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  flags
      .add_option("--most-missed", options->most_missed,
                  "Ends where a larger share of frames isn't answered in time")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  flags.add_option("--picture", options->picture, "Answer times against players: .svg or .png");
  flags.add_option("--json", options->json, "Also all figures, as JSON");
  return [options] { return bench_load(*options); };
}

}  // namespace antiphon::app
