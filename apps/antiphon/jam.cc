// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "antiphon/chart.h"
#include "antiphon/commands.h"
#include "antiphon/jam_controls.h"
#include "antiphon/jam_keys.h"
#include "antiphon/jam_options.h"
#include "antiphon/jam_report.h"
#include "antiphon/jam_timeline.h"
#include "antiphon/jam_view.h"
#include "antiphon/process.h"
#include "antiphon/quality_report.h"
#include "antiphon/score_files.h"
#include "base/file.h"
#include "edge/measures.h"
#include "edge/node_link.h"
#include "edge/performer.h"
#include "generate/net_model.h"
#include "live/link_clock.h"
#include "live/midi_clock.h"
#include "music/instruments.h"

namespace antiphon::app {
namespace {

using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

// A jam, and what became of the link to the node that took part, if one did.
struct Outcome {
  edge::Jam jam;
  std::optional<edge::LinkReport> link;
};

Result<music::Tempo> tempo_of(double bpm) {
  const auto tempo = music::Tempo::of(bpm);
  if (!tempo) return Error{Errc::invalid_input, "--tempo: " + tempo.error().message};
  return *tempo;
}

Json json_of(const LoadedModel& model) { return {{"name", model.name}, {"sha256", model.sha256}}; }

Json json_of(const edge::LinkReport& link) {
  const auto ms = [](nanoseconds time) { return Milliseconds(time).count(); };
  return {{"model", link.model},
          {"sha256", link.weights},
          {"round_trip_ms", {{"p50", ms(link.round_trip_p50)}, {"p95", ms(link.round_trip_p95)}}},
          {"bytes_up", link.bytes_up},
          {"bytes_down", link.bytes_down},
          {"notes_left", link.left.events},
          {"rows_left", link.left.rows},
          {"breaks", link.breaks}};
}

Json plans_of(const edge::Jam& jam) {
  Json plans = Json::array();
  for (const auto& [from, plan] : jam.plans) {
    plans.push_back(
        {{"at_ms", Milliseconds(jam.timeline.time_of({from * tokens::ticks_per_step})).count()},
         {"mode", collab::mode_names[static_cast<std::size_t>(plan.mode)]},
         {"interval", plan.interval},
         {"lead_ms", Milliseconds(plan.lead).count()},
         {"length", plan.length},
         {"reason", plan.reason}});
  }
  return plans;
}

Json facts_of(const JamOptions& options, const std::optional<LoadedModel>& model,
              const std::optional<LoadedModel>& reflex, const edge::JamSetup& setup,
              const Outcome& played_jam, double wall_seconds, double cpu) {
  const edge::Jam& jam = played_jam.jam;
  const edge::JamMeasures measures = edge::measure(jam);
  const double played = std::chrono::duration<double>(
                            jam.timeline.time_of({static_cast<std::int64_t>(jam.frames.size()) *
                                                  edge::steps_per_frame * tokens::ticks_per_step}))
                            .count();
  Json facts;
  facts["performer"] =
      options.devices.someone_plays() ? options.devices.midi_in : options.in.string();
  facts["simulated"] = options.simulate;
  facts["ai_parts"] = options.casting.parts;
  facts["model"] = model ? json_of(*model) : Json();
  if (const auto& link = played_jam.link) {
    facts["node"] = json_of(*link);
    facts["mode"] = options.mode;
    facts["policy"] = options.policy;
    facts["plans"] = plans_of(jam);
  }
  facts["reflex"] = reflex ? json_of(*reflex) : Json();
  facts["seed"] = options.sampling.seed;
  facts["temperature"] = options.sampling.temperature;
  facts["top_p"] = options.sampling.top_p;
  facts["futures"] = options.sampling.futures;
  facts["style"] = options.style;
  facts["horizon_ms"] = Milliseconds(setup.pace.horizon).count();
  facts["music_seconds"] = played;
  facts["wall_seconds"] = wall_seconds;
  facts["cpu_share"] = cpu / std::max(options.simulate ? played : wall_seconds, 1e-9);
  facts["live"] = to_json(measures);
  if (!options.simulate) {
    facts["live"]["onset_error_ms"] = to_json(measures.onset_error_ms);
    facts["scheduler"] = jam.real_time_scheduler ? "fifo" : "ordinary";
    facts["memory_locked"] = jam.memory_locked;
  }
  const music::Score recording = edge::recording_of(jam, setup.header);
  const music::Roles roles = music::roles_of(recording);
  if (!setup.chart.empty()) {
    std::vector<std::pair<std::int32_t, int>> notes;
    for (const edge::NoteRecord& note : jam.notes) notes.emplace_back(note.onset, note.pitch);
    facts["in_chord_ratio"] = in_chord_ratio(setup.chart, notes);
  }
  if (!roles.accompaniment.empty())
    facts["measures"] = to_json(music::quality_of(recording, roles));
  facts["complete"] = !jam.stopped;
  const auto& local = model ? model : reflex;
  if (local) facts["kernels"] = nn::kernels_of(local->net).name;
  return facts;
}

Result<music::Meter> parse_meter(const std::string& text) {
  int over = 0, under = 0, read = 0;
  if (std::sscanf(text.c_str(), "%3d/%3d%n", &over, &under, &read) != 2 ||
      static_cast<std::size_t>(read) != text.size()) {
    return Error{Errc::invalid_input, "--meter: '" + text + "' is no meter such as 3/4"};
  }
  return music::Meter::of(over, under);
}

// A jam with whoever plays: a file, or someone at a port.
Result<edge::JamSetup> set_up(const JamOptions& options) {
  ANTIPHON_TRY(const auto ai, ai_parts(options.casting));
  const tokens::Style style = *tokens::style_of(options.style);
  if (options.devices.someone_plays()) {
    edge::FreeMusic music;
    music.bars = options.bars;
    if (options.bpm) {
      ANTIPHON_TRY(music.tempo, tempo_of(*options.bpm));
    }
    ANTIPHON_TRY(music.meter, parse_meter(options.meter));
    if (!options.key.empty()) {
      ANTIPHON_TRY(music.key, music::parse_key(options.key));
    }
    const auto program = music::program_named(options.instrument);
    if (!program) {
      return Error{Errc::invalid_input,
                   "--instrument: no instrument is called '" + options.instrument + "'"};
    }
    music.instrument = *program;
    ANTIPHON_TRY(auto setup, edge::improvise(music, ai, style));
    const bool own_time = !options.free && !options.devices.another_clock();
    setup.count_in = options.count_in >= 0 ? options.count_in : (own_time ? 1 : 0);
    return setup;
  }
  ANTIPHON_TRY(music::Score score, read_score(options.in));
  if (options.bpm) {
    ANTIPHON_TRY(const auto tempo, tempo_of(*options.bpm));
    score.tempos = {{{}, tempo}};
  }
  ANTIPHON_TRY(const auto human, human_parts(score, options.casting));
  auto setup = edge::perform(score, human, ai, style, options.times);
  if (!setup) return Error{setup.error().code, options.in.string() + ": " + setup.error().message};
  setup->count_in = std::max(options.count_in, 0);
  return setup;
}

// A node to play with, as the flags name it. `own`: this device's model, if it has one. `shared`:
// the one that is split with the node, or null.
Result<std::unique_ptr<edge::NodeLink>> join_node(const JamOptions& options,
                                                  const std::optional<LoadedModel>& own,
                                                  const edge::SharedModel* shared,
                                                  edge::JamSetup& setup,
                                                  const live::Wakeup& wakeup) {
  auto address = edge::NodeAddress::parse(options.node);
  if (!address) return Error{address.error().code, "--node: " + address.error().message};
  address->certificate = options.certificate;
  address->patient = options.without_node;
  if (!options.token.empty()) {
    ANTIPHON_TRY(const Bytes token, read_file(options.token, 4096));
    address->token = as_text(token);
    while (!address->token.empty() &&
           std::isspace(static_cast<unsigned char>(address->token.back())))
      address->token.pop_back();
  }
  std::unique_ptr<edge::NodeLink> link;
  if (shared != nullptr) {
    ANTIPHON_TRY(link, edge::NodeLink::share(*address, *shared, setup, wakeup));
  } else {
    wire::Join join;
    join.header = setup.header;
    join.sampling = setup.sampling;
    join.reach = setup.reach;
    ANTIPHON_TRY(link, edge::NodeLink::connect(*address, std::move(join), wakeup));
  }
  const edge::LinkReport report = link->report();
  if (report.model.empty())
    std::cerr << "antiphon: " << options.node << " can't be reached yet; begins without it\n";
  // A node plays as it comes, so who chooses among futures plays better, whoever's model is larger.
  const bool chooses = own && options.sampling.futures > 1 && options.mode == "auto";
  setup.node.better = !own || (own->sha256 != report.weights && !chooses);
  setup.node.proposes = !chooses;
  setup.node.round_trips = report.round_trips;
  return link;
}

std::string whose_tempo(const JamOptions& options) {
  if (options.follow) return "yours";
  if (options.free) return "free";
  if (options.devices.link) return "Link's";
  return options.devices.clock.empty() ? "as said" : "the clock's";
}

// Plays on real devices, or on none, until the music or the player ends it.
Result<Outcome> play(const JamOptions& options, const edge::Models& models,
                     const std::optional<LoadedModel>& own,
                     const std::optional<edge::SharedModel>& shared, edge::JamSetup setup,
                     const edge::ControlChanges& changes) {
  ANTIPHON_TRY(const live::Wakeup wakeup, live::Wakeup::make());
  ANTIPHON_TRY(Devices devices, open_devices(options.devices, wakeup));
  std::unique_ptr<edge::NodeLink> link;
  if (!options.node.empty() && collab::node_takes_part(setup.node.wishes)) {
    ANTIPHON_TRY(link, join_node(options, own, shared ? &*shared : nullptr, setup, wakeup));
  }
  const auto keys = TerminalKeys::start(wakeup, setup.header.style);
  std::unique_ptr<live::Clock> clock;
  if (devices.clock) clock = std::make_unique<live::PortClock>(*devices.clock);
  if (options.devices.link) {
    const tokens::GridBar bar = tokens::bar_at(setup.header.meters, 0);
    ANTIPHON_TRY(clock,
                 live::join_link(setup.timeline.tempo_at({}),
                                 static_cast<double>(bar.length) / tokens::steps_per_quarter));
  }
  ANTIPHON_TRY(JamView view, JamView::open(setup.header, devices.input.get(),
                                           {whose_tempo(options), keys != nullptr}));
  const auto played = [&](edge::Player& player) -> Result<Outcome> {
    const edge::Stage stage{player,     devices.loudspeakers,
                            wakeup,     options.devices.through,
                            link.get(), keys ? &keys->queue() : nullptr,
                            clock.get()};
    ANTIPHON_TRY(edge::Jam jam, edge::play_live(models, setup, stage, view.watch()));
    Outcome outcome{std::move(jam), {}};
    if (link) outcome.link = link->report();
    return outcome;
  };
  if (!devices.input) {
    edge::ScriptedPlayer player(setup.performer);
    return played(player);
  }
  std::cerr << devices.said << ".\n";
  edge::PortPlayer player(*devices.input, setup.timeline.time_of(music::Ticks{240}), changes);
  return played(player);
}

// How the jam is played, once it is known who plays what.
Status complete(const JamOptions& options, edge::JamSetup& setup) {
  setup.sampling = options.sampling;
  setup.metronome = options.metronome;
  setup.sends_clock = !options.devices.clock_out.empty();
  setup.pace.horizon = edge::Pace::usual_horizon(options.sampling.futures);
  if (options.horizon_ms)
    setup.pace.horizon = std::chrono::round<nanoseconds>(Milliseconds(*options.horizon_ms));
  setup.pace.deadline = setup.pace.horizon / 4;
  setup.pace.stale = options.stale;
  setup.pace.trade = options.trade;
  setup.pace.follows = options.follow;
  setup.pace.free = options.free;
  ANTIPHON_TRY(setup.controls, parse_controls(options.controls, setup.header.meters));
  if (options.follow || options.free) {
    // It isn't told of changes to come. Who plays freely knows of no bars.
    setup.timeline = live::Timeline({}, setup.timeline.tempo_at({}));
    if (options.free) setup.header.meters.clear();
  }
  if (!options.chart.empty()) {
    // Who plays without an end may go on for a day.
    const auto end = static_cast<std::int32_t>(
        std::min(setup.timeline.ticks_at(setup.length) / tokens::ticks_per_step, 2e6));
    ANTIPHON_TRY(setup.chart, read_chart(options.chart, setup.header.meters, end));
  }
  setup.node.wishes = {*collab::policy_of(options.policy), collab::mode_of(options.mode)};
  if (const std::int32_t frames = options.fixed_interval; frames > 0)
    setup.baseline = edge::FixedInterval{frames, 2 * frames, {}, setup.pace.deadline};
  return Done{};
}

void explain(const edge::Jam& jam) {
  for (const auto& [from, plan] : jam.plans) {
    const nanoseconds at = jam.timeline.time_of({from * tokens::ticks_per_step});
    const std::string asked = plan.interval == 1 ? "asked every sixteenth"
                              : plan.interval == 0
                                  ? "not asked"
                                  : "asked every " + std::to_string(plan.interval) + " sixteenths";
    std::fprintf(stderr, "%7.1f s  %s, %s: %s\n", std::chrono::duration<double>(at).count(),
                 collab::mode_names[static_cast<std::size_t>(plan.mode)], asked.c_str(),
                 plan.reason.c_str());
  }
}

Status jam(const JamOptions& options) {
  if (options.list) return list_ports(options.devices);
  ANTIPHON_CHECK(check(options));
  ANTIPHON_TRY(const edge::ControlChanges changes, parse_control_changes(options.control_changes));
  ANTIPHON_TRY(edge::JamSetup setup, set_up(options));
  const live::Timeline players_time = setup.timeline;
  ANTIPHON_CHECK(complete(options, setup));

  std::optional<LoadedModel> model;
  if (options.model != "none") {
    ANTIPHON_TRY(model, load_model(options.model));
  }
  ANTIPHON_TRY(const std::optional<LoadedModel> reflex, load_reflex(options.reflex));
  std::optional<edge::SharedModel> shared;
  if (!options.node.empty() && collab::node_takes_part(setup.node.wishes) &&
      collab::by_layers(setup.node.wishes)) {
    ANTIPHON_TRY(const LoadedModel whole, load_model(options.shared));
    ANTIPHON_TRY(shared, share(whole, reflex, options.layers));
  }

  const auto session = model ? player_of(*model, options) : nullptr;
  const auto quick = reflex ? generate::make_event_model(reflex->net) : nullptr;
  const edge::Models models{session.get(), quick.get()};
  const auto start = std::chrono::steady_clock::now();
  const double cpu_before = cpu_seconds();
  Outcome played{{setup.timeline, {}, {}, {}, {}, false, false}, {}};
  if (options.simulate) {
    edge::SimulatedCost cost;
    cost.step = cost.draw = std::chrono::round<nanoseconds>(Milliseconds(options.simulated_ms));
    cost.stalls = options.stalls;
    cost.seed = options.sampling.seed;
    played.jam = edge::simulate(models, setup, cost, show_progress("Jamming"));
  } else {
    ANTIPHON_TRY(played, play(options, models, model, shared, setup, changes));
  }
  const double cpu = cpu_seconds() - cpu_before;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

  if (options.explain) explain(played.jam);
  ANTIPHON_CHECK(
      write(options, edge::recording_of(played.jam, setup.header), options.in.stem().string()));
  if (!options.timeline.empty())
    ANTIPHON_CHECK(write_file(options.timeline, timeline_of(played.jam).dump(1) + "\n"));
  Json facts = facts_of(options, model, reflex, setup, played, wall.count(), cpu);
  if (options.follow && !options.devices.someone_plays()) {
    std::vector<double> errors;
    for (const edge::BeatError& error : edge::beat_errors(played.jam, players_time))
      errors.push_back(error.ms);
    facts["beat_error_ms"] = to_json(edge::spread_of(std::move(errors)));
  }
  ANTIPHON_CHECK(write_report(options, facts));
  // Someone at a port ends a jam when it is over.
  if (played.jam.stopped && !options.devices.someone_plays())
    return Error{Errc::unavailable, "stopped; what was played until then is written"};
  return Done{};
}

}  // namespace

Action jam_command(CLI::App& flags) {
  auto options = std::make_shared<JamOptions>();
  add_jam_flags(flags, *options);
  return [options] { return jam(*options); };
}

}  // namespace antiphon::app
