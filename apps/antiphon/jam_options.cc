// SPDX-License-Identifier: Apache-2.0
#include "antiphon/jam_options.h"

#include "antiphon/score_files.h"
#include "collab/planner.h"

namespace antiphon::app {
namespace {

void add_tempo_flags(CLI::App& flags, JamOptions& options) {
  flags.add_option("--tempo", options.bpm,
                   "Quarters a minute (default: the file's; 120 for someone at a port)");
  auto* const follow =
      flags.add_flag("--follow", options.follow, "The tempo follows the player, from --tempo on");
  auto* const free = flags.add_flag(
      "--free", options.free, "No tempo: the player plays phrases as they like, each is answered");
  auto* const clock =
      flags
          .add_option("--clock", options.devices.clock,
                      "A MIDI port whose clock keeps the time: it starts and stops the jam")
          ->excludes(follow)
          ->excludes(free);
  flags
      .add_flag("--link", options.devices.link,
                "Ableton Link keeps the time, where it is built in (-DANTIPHON_LINK=ON)")
      ->excludes(follow)
      ->excludes(free)
      ->excludes(clock);
  free->excludes(follow);
}

void add_music_flags(CLI::App& flags, JamOptions& options) {
  flags.add_option("--meter", options.meter, "Of someone at a port")->capture_default_str();
  flags.add_option("--key", options.key, "Such as G or F#m, of someone at a port; else heard");
  flags.add_option("--instrument", options.instrument, "Of someone at a port")
      ->capture_default_str();
  flags.add_option("--bars", options.bars, "Someone at a port: ends after so many; 0: Ctrl-C does")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  flags
      .add_option("--count-in", options.count_in,
                  "Bars of clicks before it begins (default: 1 for someone at a port)")
      ->check(CLI::Range(0, 8));
  flags.add_flag("--metronome", options.metronome, "Clicks while it goes on, too");
  flags.add_option("--times", options.times, "How often the file is played")->capture_default_str();
}

void add_pace_flags(CLI::App& flags, JamOptions& options) {
  flags.add_flag("!--realtime,--simulate", options.simulate,
                 "In real time (the default), or as fast as it goes");
  flags
      .add_option(
          "--horizon", options.horizon_ms,
          "Milliseconds before each sixteenth at which it is asked for (default: 40, 12 with "
          "--futures 1)")
      ->check(CLI::Range(0.5, 200.0));
  flags
      .add_option("--stale", options.stale,
                  "Sixteenths after which an old draft gives way to the reflex")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  flags
      .add_option("--simulated-cost", options.simulated_ms,
                  "Simulated: milliseconds that the model takes for an event")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  flags
      .add_option("--simulated-stalls", options.stalls,
                  "Simulated: chance that a frame of the model's work takes up to 5 s more")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

void add_wish_flags(CLI::App& flags, JamOptions& options) {
  flags
      .add_option(
          "--chart", options.chart,
          "Chords to keep to: a .txt such as 'C | Am F | G7', over and over, or a score with "
          "chord symbols")
      ->check(CLI::ExistingFile);
  flags
      .add_option("--trade", options.trade,
                  "Trading: the player has so many bars, then Antiphon, and so on")
      ->check(CLI::Range(0, 64));
  flags.add_option(
      "--control", options.controls,
      "BAR:NAME=VALUE: from that bar on, daring, density or register (0 to 1, 0.5 is as "
      "it was), rest (0, 1), or style (a name as --style takes it)");
  flags
      .add_option("--cc", options.control_changes,
                  "NAME=NUMBER: the control change that does the same (default: daring=1, "
                  "density=74, register=71, rest=80, style=82), or beats time (tap=81)")
      ->delimiter(',');
}

void add_node_flags(CLI::App& flags, JamOptions& options) {
  auto* const node = flags.add_option("--node", options.node,
                                      "HOST:PORT of a node (antiphon serve) that takes part");
  flags
      .add_option("--mode", options.mode,
                  "How the node and this device share the work; auto plans every bar anew")
      ->check(
          CLI::IsMember({"auto", "alone", "edge-first", "cloud-first", "time", "drafts", "layers"}))
      ->needs(node)
      ->capture_default_str();
  flags
      .add_option("--policy", options.policy,
                  "What may leave this device: with activations, a node can only run layers of a "
                  "model; with nothing, none is asked")
      ->check(CLI::IsMember(collab::policy_names))
      ->capture_default_str();
  flags.add_option("--shared", options.shared, "Split by layers: the model that is split")
      ->capture_default_str();
  add_layer_flags(flags, options.layers);
  flags
      .add_option("--fixed-interval", options.fixed_interval,
                  "A baseline, instead of all modes: StreamMUSE's scheduler, which asks every so "
                  "many sixteenths for twice as many, and is silent where it misses")
      ->check(CLI::Range(1, 64));
  flags
      .add_flag("--begin-without-node", options.without_node,
                "A node that can't be reached is no error: it is tried again and again")
      ->needs(node);
  flags.add_flag("--explain", options.explain, "Says at the end what was planned when, and why");
  flags
      .add_option("--node-certificate", options.certificate,
                  "What the node's certificate is signed by, in PEM (default: what this machine "
                  "trusts)")
      ->check(CLI::ExistingFile);
  flags.add_option("--node-token", options.token, "A file with the token that the node asks for")
      ->check(CLI::ExistingFile);
}

}  // namespace

void add_jam_flags(CLI::App& flags, JamOptions& options) {
  flags.add_option("--performer", options.in,
                   "The player: a MIDI, MusicXML, ABC or Humdrum **kern file that plays itself");
  add_device_flags(flags, options.devices);
  flags.add_flag("--list", options.list, "Shows the MIDI ports that there are, and ends");
  add_casting_flags(flags, options.casting);
  add_tempo_flags(flags, options);
  add_music_flags(flags, options);
  add_pace_flags(flags, options);
  add_wish_flags(flags, options);
  add_model_flags(flags, options);
  add_futures_flag(flags, options);
  flags.add_option("--reflex", options.reflex,
                   "The small model that answers when the other is late, or none (default: reflex, "
                   "if it is there)");
  add_node_flags(flags, options);
  flags.add_option("--record", options.out, "What was played: .mid or .musicxml");
  flags.add_option("--timeline", options.timeline, "Who played what when, as JSON");
  add_rendition_flags(flags, options);
  add_report_flag(flags, options);
}

Status check(const JamOptions& options) {
  const auto no = [](const char* why) { return Error{Errc::invalid_input, why}; };
  ANTIPHON_CHECK(check(static_cast<const PerformingOptions&>(options)));
  if (!options.timeline.empty()) ANTIPHON_CHECK(check_writable(options.timeline));
  if (options.in.empty() != options.devices.someone_plays())
    return no("a jam has one player: --midi-in PORT (--list shows them) or --performer FILE");
  if (!options.simulate) return Done{};
  if (options.devices.someone_plays())
    return no("who plays on a port can't be simulated: leave --simulate out");
  if (options.devices.another_clock() || !options.devices.clock_out.empty())
    return no("another program's clock can't be simulated: leave --simulate out");
  if (!options.node.empty())
    return no("a node can't be simulated here (antiphon atlas does): leave --simulate out");
  return Done{};
}

}  // namespace antiphon::app
