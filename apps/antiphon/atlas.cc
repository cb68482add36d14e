// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "antiphon/atlas_report.h"
#include "antiphon/casting.h"
#include "antiphon/commands.h"
#include "antiphon/performing.h"
#include "antiphon/score_files.h"
#include "antiphon/shared_model.h"
#include "base/file.h"
#include "edge/performer.h"
#include "generate/net_model.h"
#include "tokens/event.h"
#include "tokens/grid.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr const char* fixed_mode = "fixed";

struct Options {
  std::vector<fs::path> songs;
  fs::path out;
  std::vector<std::string> modes = {"auto", "alone",  "edge-first", "cloud-first",
                                    "time", "drafts", "layers",     fixed_mode};
  std::vector<std::string> networks;
  std::string model = "duet-edge", edge = "none";
  std::optional<std::string> reflex;
  std::string style = "song";
  generate::Sampling sampling{.temperature = 0.95, .top_p = 0.95};
  double bpm = 120;
  double node_ms = 0.1, edge_ms = 0.1;
  std::string policy = "notes";
  LayerOptions layers;
};

struct Song {
  fs::path file;
  music::Score score;
  music::Roles roles;
};

// Who plays: the node's model, and this device's.
struct Ensemble {
  LoadedModel node;
  std::optional<LoadedModel> edge, reflex;
};

// What the fixed scheduler is told before it begins: how long answers take, measured once.
edge::FixedInterval plan_offline(const edge::NetworkProfile& network, nanoseconds frame,
                                 std::uint64_t seed) {
  constexpr int questions = 400;
  constexpr std::size_t bytes = 100;
  constexpr std::int64_t longest = 64;  // Frames.
  constexpr nanoseconds work = std::chrono::milliseconds(5);
  edge::EmulatedLink up(network, edge::EmulatedLink::Way::up, seed);
  edge::EmulatedLink down(network, edge::EmulatedLink::Way::down, seed);
  std::vector<double> took_ns;
  for (int i = 0; i < questions; ++i) {
    const nanoseconds asked = i * std::chrono::milliseconds(250);
    const auto there = up.send(asked, bytes);
    const auto back = there ? down.send(*there + work, bytes) : std::nullopt;
    const nanoseconds took = back ? *back - asked : longest * frame;
    took_ns.push_back(static_cast<double>(std::min(took, longest * frame).count()));
  }
  const double p95 = edge::spread_of(std::move(took_ns)).p95;
  return edge::FixedInterval::solve(nanoseconds(static_cast<std::int64_t>(p95)), frame);
}

// All that was played, in online order.
std::vector<generate::TimedEvent> events_of(const music::Score& recording,
                                            const tokens::Header& header) {
  std::vector<tokens::Role> roles;
  for (const tokens::Slot& slot : header.slots) roles.push_back(slot.role);
  std::vector<generate::TimedEvent> events;
  std::int32_t now = 0;
  for (const tokens::Event& event : tokens::encode(tokens::quantize(recording), roles)) {
    now += event.shift;
    if (event.type != tokens::EventType::wait && event.type != tokens::EventType::end)
      events.push_back({now, event});
  }
  return events;
}

Result<std::vector<Song>> read_songs(const Options& options) {
  std::vector<Song> songs;
  ANTIPHON_TRY(const auto tempo, music::Tempo::of(options.bpm));
  for (const fs::path& path : options.songs) {
    ANTIPHON_TRY(const auto files, score_files_in(path));
    for (const fs::path& file : files) {
      ANTIPHON_TRY(music::Score score, read_score(file));
      ANTIPHON_TRY(const auto human, human_parts(score, {}));
      score.tempos = {{{}, tempo}};
      const music::Roles roles = music::roles_of(score, human.front());
      songs.push_back({file, std::move(score), roles});
    }
  }
  return songs;
}

// One song in one mode over one network; adds it to the row, and gives the jam.
Result<edge::Jam> play(const Options& options, const Ensemble& ensemble, const Song& song,
                       const edge::NetworkProfile& network, const std::string& mode,
                       AtlasRow& row) {
  ANTIPHON_TRY(const auto ai, ai_parts({}));
  const std::vector<std::size_t> human = {song.roles.melody};
  auto made = edge::perform(song.score, human, ai, *tokens::style_of(options.style), 1);
  if (!made) return Error{made.error().code, song.file.string() + ": " + made.error().message};
  edge::JamSetup& setup = *made;
  setup.sampling = options.sampling;
  setup.pace.deadline = setup.pace.horizon / 4;
  setup.node.wishes = {*collab::policy_of(options.policy), collab::mode_of(mode)};
  setup.node.better = !ensemble.edge || ensemble.edge->sha256 != ensemble.node.sha256;
  if (mode == fixed_mode) {
    const nanoseconds frame = setup.timeline.time_of({240});
    setup.baseline = plan_offline(network, frame, options.sampling.seed);
  }
  const auto cloud = generate::make_event_model(ensemble.node.net);
  const auto edge = ensemble.edge ? generate::make_event_model(ensemble.edge->net) : nullptr;
  const auto reflex = ensemble.reflex ? generate::make_event_model(ensemble.reflex->net) : nullptr;
  const auto in_ns = [](double ms) { return std::chrono::round<nanoseconds>(Milliseconds(ms)); };
  edge::SimulatedCost cost;
  cost.step = cost.draw = in_ns(options.edge_ms);
  cost.seed = options.sampling.seed;
  edge::SimulatedNode node{cloud.get(), network, in_ns(options.node_ms)};
  if (collab::by_layers(setup.node.wishes)) {
    ANTIPHON_TRY(node.shared, share(ensemble.node, ensemble.reflex, options.layers));
  }
  edge::Jam jam =
      edge::simulate({edge.get(), reflex.get()}, setup, cost, watch_for_interrupt(), node);
  if (jam.stopped) return Error{Errc::unavailable, "stopped before all was measured"};

  const music::Score recording = edge::recording_of(jam, setup.header);
  const music::Roles roles = music::roles_of(recording);
  if (!roles.accompaniment.empty()) {
    row.quality.add(recording, roles);
    if (!song.roles.accompaniment.empty())
      row.quality.compare(recording, roles, song.score, song.roles);
  }
  cloud->rewind(0);
  const auto end = static_cast<std::int32_t>(jam.frames.size()) * edge::steps_per_frame;
  row.likelihood +=
      generate::likelihood_of(*cloud, setup.header, events_of(recording, setup.header), end);
  for (std::int32_t at = 0; at < end; at += generate::bar_at(setup.header.meters, at).length)
    ++row.bars;
  row.bytes_up += jam.bytes_up;
  row.bytes_down += jam.bytes_down;
  row.node_ms += Milliseconds(jam.node_work).count();
  row.left.events += jam.left.events;
  row.left.rows += jam.left.rows;
  return jam;
}

Result<std::vector<const edge::NetworkProfile*>> networks_of(const Options& options) {
  std::vector<const edge::NetworkProfile*> networks;
  for (const std::string& name : options.networks) {
    networks.push_back(edge::network_profile(name));
    if (networks.back() == nullptr)
      return Error{Errc::invalid_input, "--networks: there is no '" + name + "'"};
  }
  if (networks.empty()) {
    for (const edge::NetworkProfile& one : edge::network_profiles) networks.push_back(&one);
  }
  return networks;
}

Result<std::optional<LoadedModel>> load_if_named(const std::string& name) {
  if (name == "none") return std::optional<LoadedModel>();
  ANTIPHON_TRY(LoadedModel model, load_model(name));
  return std::optional<LoadedModel>(std::move(model));
}

Status atlas(const Options& options) {
  ANTIPHON_CHECK(generate::check(options.sampling));
  if (!tokens::style_of(options.style))
    return Error{Errc::invalid_input, "--style: '" + options.style + "' is no style"};
  ANTIPHON_TRY(const auto networks, networks_of(options));
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) return Error{Errc::io, options.out.string() + ": " + error.message()};
  ANTIPHON_TRY(const auto songs, read_songs(options));
  ANTIPHON_TRY(LoadedModel node, load_model(options.model));
  ANTIPHON_TRY(auto edge, load_if_named(options.edge));
  ANTIPHON_TRY(auto reflex, load_reflex(options.reflex));
  const Ensemble ensemble{std::move(node), std::move(edge), std::move(reflex)};

  std::vector<AtlasRow> rows;
  std::optional<AtlasRow> alone;  // The same over any network.
  const bool terminal = isatty(STDERR_FILENO) != 0;
  std::size_t done = 0;
  for (const edge::NetworkProfile* network : networks) {
    for (const std::string& mode : options.modes) {
      AtlasRow row{network->name, mode, {}, {}, {}, 0, 0, 0, 0, {}};
      ++done;
      if (mode == "alone" && alone) {
        rows.push_back(*alone);
        rows.back().network = network->name;
        continue;
      }
      std::vector<edge::Jam> jams;
      for (const Song& song : songs) {
        if (terminal) {
          std::fprintf(stderr, "\r\x1b[K%zu of %zu: %s, %s, %s", done,
                       networks.size() * options.modes.size(), network->name, mode.c_str(),
                       song.file.filename().c_str());
        }
        ANTIPHON_TRY(edge::Jam jam, play(options, ensemble, song, *network, mode, row));
        jams.push_back(std::move(jam));
      }
      row.live = edge::measure(jams);
      if (!terminal) std::fprintf(stderr, "%s, %s: done\n", network->name, mode.c_str());
      if (mode == "alone") alone = row;
      rows.push_back(std::move(row));
    }
  }
  if (terminal) std::fputs("\r\x1b[K", stderr);
  std::cout << atlas_text(rows);
  const auto name_of = [](const std::optional<LoadedModel>& model) {
    return model ? Json(model->name) : Json();
  };
  const Json json = {{"node", ensemble.node.name},
                     {"edge", name_of(ensemble.edge)},
                     {"reflex", name_of(ensemble.reflex)},
                     {"songs", songs.size()},
                     {"tempo", options.bpm},
                     {"seed", options.sampling.seed},
                     {"temperature", options.sampling.temperature},
                     {"top_p", options.sampling.top_p},
                     {"style", options.style},
                     {"policy", options.policy},
                     {"layers", options.layers.cut},
                     {"noise", options.layers.noise},
                     {"node_ms_an_event", options.node_ms},
                     {"edge_ms_an_event", options.edge_ms},
                     {"kernels", nn::kernels_of(ensemble.node.net).name},
                     {"rows", atlas_json(rows)}};
  ANTIPHON_TRY(const Bytes picture, atlas_picture(rows, drawing::Format::png));
  ANTIPHON_CHECK(write_file(options.out / "atlas.csv", atlas_csv(rows)));
  ANTIPHON_CHECK(write_file(options.out / "atlas.json",
                            json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"));
  return write_file(options.out / "atlas.png", picture);
}

}  // namespace

Action atlas_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags
      .add_option("SONGS", options->songs,
                  "Scores, or folders of them, whose melodies are the player")
      ->required();
  flags
      .add_option("-o,--out", options->out,
                  "Folder for atlas.csv, atlas.json, atlas.png; made if it isn't there")
      ->required();
  flags
      .add_option(
          "--modes", options->modes,
          "Of auto, alone, edge-first, cloud-first, time, drafts, layers, and fixed: StreamMUSE's "
          "scheduler of a "
          "fixed interval, silent where it misses")
      ->delimiter(',')
      ->check(CLI::IsMember(
          {"auto", "alone", "edge-first", "cloud-first", "time", "drafts", fixed_mode}))
      ->capture_default_str();
  flags
      .add_option("--networks", options->networks,
                  "Of lan, school-wifi, fibre, mobile, congested, satellite, flapping, offline "
                  "(default: all)")
      ->delimiter(',');
  flags.add_option("--policy", options->policy, "What may leave the device")
      ->check(CLI::IsMember(collab::policy_names))
      ->capture_default_str();
  add_layer_flags(flags, options->layers);
  flags.add_option("--model", options->model, "The node's")->capture_default_str();
  flags.add_option("--edge-model", options->edge, "This device's, or none")->capture_default_str();
  flags.add_option("--reflex", options->reflex,
                   "This device's small model, or none (default: reflex, if it is there)");
  flags.add_option("--tempo", options->bpm, "Quarters a minute")->capture_default_str();
  flags.add_option("--style", options->style)->capture_default_str();
  flags.add_option("--seed", options->sampling.seed)->capture_default_str();
  flags.add_option("--temperature", options->sampling.temperature)->capture_default_str();
  flags.add_option("--top-p", options->sampling.top_p)->capture_default_str();
  flags.add_option("--node-cost", options->node_ms, "Milliseconds an event of the node's model")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  flags.add_option("--edge-cost", options->edge_ms, "The same of this device's")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  return [options] { return atlas(*options); };
}

}  // namespace antiphon::app
