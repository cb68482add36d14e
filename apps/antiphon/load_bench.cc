// SPDX-License-Identifier: Apache-2.0
#include "antiphon/load_bench.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "antiphon/casting.h"
#include "antiphon/load_players.h"
#include "antiphon/model_folder.h"
#include "antiphon/performing.h"
#include "antiphon/process.h"
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
#include "edge/performer.h"
#include "generate/model_batch.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t most_load_players = 4096;

struct Options {
  fs::path song;
  std::string model = "duet-edge", edge = "reflex", mode = "cloud-first";
  std::vector<std::size_t> players = {1, 16, 32, 64, 96, 128, 192, 256, 384, 512};
  double seconds = 20, bpm = 120, horizon_ms = 12;
  std::size_t strangers = 0;
  int processes = 2;
  int workers = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::size_t batch = cloud::NodeOptions().batch;
  double most_missed = 0.01;
  fs::path json, picture;
};

struct Row {
  std::size_t players = 0;
  double fresh = 0, answered = 0;  ///< Shares of frames: made for the frame; by any draft.
  edge::Spread answer_ms;          ///< From a question to its frame being fixed.
  edge::Spread own_delay_ms;       ///< Of players: how late they did what was due.
  /// Seconds of all cores a second: of the node, of its threads that play, and of the players.
  double node_cpu = 0, playing_cpu = 0, players_cpu = 0;
  double node_ms = 0;         ///< CPU time of the threads that play, for a bar of a player.
  double batch = 0;           ///< Players in a pass through the model.
  double late = 0;            ///< Share of questions that the node let go.
  std::size_t strangers = 0;  ///< Who came and went meanwhile.
  double node_mib = 0, players_mib = 0;
};

Result<Row> measure(const Options& options, const edge::JamSetup& setup, std::size_t players,
                    std::vector<LoadPlayers>& bands, std::uint16_t port, const cloud::Node& node) {
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const std::size_t first = players * i / bands.size();
    bands[i].join(port, first, players * (i + 1) / bands.size() - first);
  }
  for (LoadPlayers& band : bands) ANTIPHON_CHECK(band.joined());
  const nanoseconds begin = live::host_now() + std::chrono::milliseconds(300);
  for (LoadPlayers& band : bands) band.play(begin);
  std::optional<Strangers> strangers;
  if (options.strangers > 0) strangers.emplace(port, options.strangers, setup.length);
  const double cpu_before = cpu_seconds();
  const cloud::NodeCounts before = node.counts();
  LoadFigures all;
  for (LoadPlayers& band : bands) {
    ANTIPHON_TRY(const LoadFigures figures, band.played());
    all.add(figures);
  }
  const cloud::NodeCounts after = node.counts();
  const double cpu = cpu_seconds() - cpu_before, seconds = options.seconds + 1;
  const double playing = after.cpu_seconds - before.cpu_seconds;
  const auto share = [](auto part, auto whole) {
    return static_cast<double>(part) / std::max(static_cast<double>(whole), 1.0);
  };
  Row row;
  row.players = players;
  row.fresh = share(all.fresh, all.frames);
  row.answered = share(all.answered, all.frames);
  row.answer_ms = edge::spread_of(std::move(all.answer_ms));
  row.own_delay_ms = edge::spread_of(std::move(all.own_delay_ms));
  row.node_cpu = cpu / seconds;
  row.playing_cpu = playing / seconds;
  row.players_cpu = all.cpu_seconds / seconds;
  const double bar = 16 * std::chrono::duration<double>(setup.timeline.time_of({240})).count();
  row.node_ms = playing * 1000 / (options.seconds * static_cast<double>(players) / bar);
  row.batch = share(after.steps - before.steps, after.passes - before.passes);
  row.late = share(after.late - before.late, after.asked - before.asked);
  if (strangers) row.strangers = strangers->came();
  row.node_mib = resident_mib();
  row.players_mib = all.memory_mib;
  return row;
}

Json to_json(const Row& row) {
  return {{"players", row.players},
          {"fresh", row.fresh},
          {"answered", row.answered},
          {"answer_ms",
           {{"p50", row.answer_ms.p50}, {"p95", row.answer_ms.p95}, {"p99", row.answer_ms.p99}}},
          {"players_delay_ms",
           {{"p50", row.own_delay_ms.p50},
            {"p95", row.own_delay_ms.p95},
            {"p99", row.own_delay_ms.p99}}},
          {"node_cores", row.node_cpu},
          {"node_cores_that_play", row.playing_cpu},
          {"players_cores", row.players_cpu},
          {"node_ms_a_bar", row.node_ms},
          {"players_a_pass", row.batch},
          {"let_go", row.late},
          {"strangers", row.strangers},
          {"node_mib", row.node_mib},
          {"players_mib", row.players_mib}};
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

  setup.node.wishes.mode = collab::mode_of(options.mode);

  ANTIPHON_TRY(const auto folder, TemporaryFolder::make());
  cloud::ServerOptions server;
  server.port = 0;
  server.most_connections = 2 * most_load_players;
  server.certificate = folder.path() / "cert.pem";
  server.key = folder.path() / "key.pem";
  ANTIPHON_CHECK(
      cloud::make_certificate(server.certificate, server.key, {"localhost", "127.0.0.1"}));
  const auto goes_on = watch_for_interrupt();
  std::vector<LoadPlayers> bands;
  for (int i = 0; i < options.processes; ++i) {
    const bool drafts = options.mode == "drafts";
    ANTIPHON_TRY(LoadPlayers band,
                 LoadPlayers::start({setup, drafts ? options.edge : "none", server.certificate}));
    bands.push_back(std::move(band));
  }
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  cloud::Node node([&] { return generate::make_batched_model(model.net); },
                   {model.name, model.sha256, options.workers, most_load_players, options.batch},
                   [&] { return generate::make_model_batch(model.net, options.batch); });
  ANTIPHON_TRY(const auto running, cloud::Server::start(server, node));

  std::printf("%8s %8s %9s %22s %14s %22s %11s %7s %7s %11s\n", "", "", "", "", "players' delay",
              "cores: node, of these", "node", "players", "", "MiB: node,");
  std::printf("%8s %8s %9s %22s %14s %22s %11s %7s %7s %11s\n", "players", "in time", "answered",
              "answer, ms: 50/95/99 %", "ms: 95/99 %", "to play, players", "ms/bar", "a pass",
              "let go", "players");
  std::vector<Row> rows;
  std::size_t most = 0;
  for (const std::size_t players : options.players) {
    if (!goes_on(0)) return Error{Errc::unavailable, "stopped before all was measured"};
    ANTIPHON_TRY(const Row row, measure(options, setup, players, bands, running->port(), node));
    std::printf(
        "%8zu %8.4f %9.4f %8.1f/%6.1f/%6.1f %7.1f/%6.1f %8.2f %6.2f %6.2f %11.2f %7.1f "
        "%7.4f %5.0f %5.0f\n",
        row.players, row.fresh, row.answered, row.answer_ms.p50, row.answer_ms.p95,
        row.answer_ms.p99, row.own_delay_ms.p95, row.own_delay_ms.p99, row.node_cpu,
        row.playing_cpu, row.players_cpu, row.node_ms, row.batch, row.late, row.node_mib,
        row.players_mib);
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
                     {"processes", options.processes},
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
      ->check(CLI::Range(std::size_t{1}, most_load_players))
      ->capture_default_str();
  flags.add_option("--seconds", options->seconds, "Of music, for each number of players")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  flags.add_option("--tempo", options->bpm, "Quarters a minute")->capture_default_str();
  flags.add_option("--processes", options->processes, "That play the players, beside the node's")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
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
