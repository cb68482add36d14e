// SPDX-License-Identifier: Apache-2.0
#include "antiphon/atlas.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "antiphon/atlas_report.h"
#include "antiphon/commands.h"
#include "antiphon/performing.h"
#include "base/file.h"
#include "edge/measures.h"
#include "generate/net_model.h"
#include "tokens/event.h"
#include "tokens/grid.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

// Who plays: the node's model, and this device's.
struct Ensemble {
  LoadedModel node;
  std::optional<LoadedModel> edge, reflex;
};

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

// In simulated time.
Result<edge::Jam> simulate(const AtlasOptions& options, const Ensemble& ensemble,
                           const edge::JamSetup& setup, const edge::NetworkProfile& network) {
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
  return jam;
}

// What was played of a song.
void add(const edge::Jam& jam, const tokens::Header& header, const Song& song,
         generate::EventModel& judge, AtlasRow& row) {
  const music::Score recording = edge::recording_of(jam, header);
  const music::Roles roles = music::roles_of(recording);
  if (!roles.accompaniment.empty()) {
    row.quality.add(recording, roles);
    if (!song.roles.accompaniment.empty())
      row.quality.compare(recording, roles, song.score, song.roles);
  }
  judge.rewind(0);
  const auto end = static_cast<std::int32_t>(jam.frames.size()) * edge::steps_per_frame;
  row.likelihood += generate::likelihood_of(judge, header, events_of(recording, header), end);
  for (std::int32_t at = 0; at < end; at += tokens::bar_at(header.meters, at).length) ++row.bars;
  row.bytes_up += jam.bytes_up;
  row.bytes_down += jam.bytes_down;
  row.node_ms += Milliseconds(jam.node_work).count();
  row.left.events += jam.left.events;
  row.left.rows += jam.left.rows;
}

Result<std::vector<const edge::NetworkProfile*>> networks_of(const AtlasOptions& options) {
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

Status atlas(const AtlasOptions& options) {
  ANTIPHON_CHECK(generate::check(options.sampling));
  if (!tokens::style_of(options.style))
    return Error{Errc::invalid_input, "--style: '" + options.style + "' is no style"};
  const bool adapts = std::count(options.modes.begin(), options.modes.end(), adapter_mode) > 0;
  if (adapts && options.adapter.empty()) {
    return Error{Errc::invalid_input, "the mode 'adapter' needs --adapter COMMAND"};
  }
  ANTIPHON_TRY(const auto networks, networks_of(options));
  ANTIPHON_TRY(const auto songs, atlas_songs(options));
  ANTIPHON_TRY(LoadedModel node, load_model(options.model));
  ANTIPHON_TRY(auto edge, load_if_named(options.edge));
  ANTIPHON_TRY(auto reflex, load_reflex(options.reflex));
  const Ensemble ensemble{std::move(node), std::move(edge), std::move(reflex)};
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) return Error{Errc::io, options.out.string() + ": " + error.message()};

  std::unique_ptr<RealJams> real;
  if (options.by != "emulation") {
    ANTIPHON_TRY(real, RealJams::start(options));
  }
  const auto judge = generate::make_event_model(ensemble.node.net);

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
      const auto tell = [&](const std::string& what) {
        if (!terminal) return;
        std::fprintf(stderr, "\r\x1b[K%zu of %zu: %s, %s%s", done,
                     networks.size() * options.modes.size(), network->name, mode.c_str(),
                     what.c_str());
      };
      tell("");
      std::vector<edge::Jam> jams;
      if (real && mode != adapter_mode) {
        ANTIPHON_TRY(jams, real->play(songs, *network, mode));
      }
      for (std::size_t i = 0; i < songs.size(); ++i) {
        ANTIPHON_TRY(edge::JamSetup setup, atlas_setup(options, songs[i], *network, mode));
        setup.node.better = !ensemble.edge || ensemble.edge->sha256 != ensemble.node.sha256;
        if (jams.size() == i) {
          tell(", " + songs[i].file.filename().string());
          auto jam = mode == adapter_mode ? play_with_adapter(options, setup, *network)
                                          : simulate(options, ensemble, setup, *network);
          if (!jam) return jam.error();
          jams.push_back(std::move(*jam));
        }
        add(jams[i], setup.header, songs[i], *judge, row);
      }
      row.live = edge::measure(jams);
      if (!terminal) std::fprintf(stderr, "%s, %s: done\n", network->name, mode.c_str());
      if (mode == "alone") alone = row;
      rows.push_back(std::move(row));
    }
  }
  if (terminal) std::fputs("\r\x1b[K", stderr);
  std::cout << "Networks by " << options.by
            << (real || adapts ? ", in real time\n\n" : ", in simulated time\n\n")
            << atlas_text(rows);
  const auto name_of = [](const std::optional<LoadedModel>& model) {
    return model ? Json(model->name) : Json();
  };
  const Json json = {{"networks_by", options.by},
                     {"node", ensemble.node.name},
                     {"edge", name_of(ensemble.edge)},
                     {"reflex", name_of(ensemble.reflex)},
                     {"songs", songs.size()},
                     {"bars", options.bars},
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
  auto options = std::make_shared<AtlasOptions>();
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
          "Of auto, alone, edge-first, cloud-first, time, drafts, layers, fixed "
          "(StreamMUSE's scheduler of a fixed interval, silent where it misses) and adapter "
          "(default: all that there are, or the adapter alone)")
      ->delimiter(',')
      ->check(CLI::IsMember({"auto", "alone", "edge-first", "cloud-first", "time", "drafts",
                             "layers", fixed_mode, adapter_mode}));
  auto* const emulated = flags.add_flag_callback(
      "--emulated", [options] { options->by = "emulation"; },
      "Networks and time are simulated (the default)");
  auto* const relay = flags.add_flag_callback(
      "--relay", [options] { options->by = "relay"; },
      "In real time: a node and a player as two processes, with the network's delays and losses "
      "made by this one, between their sockets");
  auto* const real = flags.add_flag_callback(
      "--real", [options] { options->by = "netem"; },
      "The same, each in a network namespace of its own, over a line that the kernel shapes (tc "
      "netem); needs root");
  relay->excludes(real)->excludes(emulated);
  real->excludes(emulated);
  flags.add_option("--adapter", options->adapter,
                   "A command that starts another system, which plays in the node's place, in real "
                   "time (docs/atlas.md)");
  flags.add_option("--bars", options->bars, "Only the first so many bars of each song; 0: all")
      ->capture_default_str();
  flags.add_option("--side-by-side", options->side_by_side, "In real time: jams at a time")
      ->check(CLI::Range(1, 64))
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
  return [options] {
    if (options->modes.empty()) {
      options->modes = {"auto", "alone",  "edge-first", "cloud-first",
                        "time", "drafts", "layers",     fixed_mode};
      if (!options->adapter.empty()) options->modes = {adapter_mode};
    }
    return atlas(*options);
  };
}

}  // namespace antiphon::app
