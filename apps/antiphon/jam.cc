// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>

#include "antiphon/casting.h"
#include "antiphon/commands.h"
#include "antiphon/performing.h"
#include "antiphon/quality_report.h"
#include "antiphon/score_files.h"
#include "base/file.h"
#include "edge/measures.h"
#include "edge/performer.h"
#include "generate/transformer_model.h"

namespace antiphon::app {
namespace {

using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Options : PerformingOptions {
  Casting casting;
  std::filesystem::path timeline;
  bool simulate = false;
  double bpm = 0;  // 0: the score's.
  int times = 1;
  double horizon_ms = 12;
  double simulated_ms = 0.1;
  double stalls = 0;
};

// Plays what isn't sent anywhere.
class Silence : public live::MessageSink {
 public:
  void send(const live::TimedMessage&) noexcept override {}
};

constexpr const char* tier_names[edge::tier_count] = {"edge", "edge_backup", "rule"};

Json json_of(const edge::Spread& spread) {
  return {{"p50", spread.p50}, {"p95", spread.p95}, {"p99", spread.p99}, {"worst", spread.worst}};
}

Json json_of(const edge::JamMeasures& measures) {
  Json tiers;
  for (std::size_t i = 0; i < edge::tier_count; ++i) tiers[tier_names[i]] = measures.tier_share[i];
  return {{"frames", measures.frames},
          {"isr_delivered", measures.isr_delivered},
          {"isr_model", measures.isr_model},
          {"isr_sounding", measures.isr_sounding},
          {"isr_w", measures.isr_w},
          {"staleness_frames", measures.staleness},
          {"tier_share", tiers},
          {"reaction_ms", json_of(measures.reaction_ms)},
          {"reaction_frames", json_of(measures.reaction_frames)},
          {"answer_ms", json_of(measures.answer_ms)}};
}

// Who played what when, and when it was decided.
Json timeline_of(const edge::Jam& jam) {
  const auto ms = [](nanoseconds time) { return Milliseconds(time).count(); };
  const auto step_ms = [&](std::int32_t step) {
    return ms(jam.timeline.time_of({step * tokens::ticks_per_step}));
  };
  Json frames = Json::array(), notes = Json::array(), heard = Json::array();
  for (std::int32_t i = 0; const edge::FrameRecord& frame : jam.frames) {
    frames.push_back({{"at_ms", step_ms(i++ * edge::steps_per_frame)},
                      {"tier", tier_names[static_cast<std::size_t>(frame.tier)]},
                      {"age", frame.age},
                      {"asked_ms", ms(frame.asked)},
                      {"fixed_ms", ms(frame.fixed)}});
  }
  for (const edge::NoteRecord& note : jam.notes) {
    notes.push_back({{"part", note.slot},
                     {"pitch", note.pitch},
                     {"velocity", note.velocity},
                     {"onset_ms", step_ms(note.onset)},
                     {"end_ms", step_ms(note.end)},
                     {"frame", note.frame}});
  }
  for (const edge::Played& played : jam.heard) {
    heard.push_back({{"part", played.slot},
                     {"pitch", played.pitch},
                     {"velocity", played.velocity},
                     {"at_ms", ms(played.at)}});
  }
  return {{"frames", frames}, {"antiphon", notes}, {"player", heard}};
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Status set_tempo(music::Score& score, double bpm) {
  if (bpm == 0) return Done{};
  const auto tempo = music::Tempo::of(bpm);
  if (!tempo) return Error{Errc::invalid_input, "--tempo: " + tempo.error().message};
  score.tempos = {{{}, *tempo}};
  return Done{};
}

Json facts_of(const Options& options, const LoadedModel& model, const edge::JamSetup& setup,
              const edge::Jam& jam, double wall_seconds, double cpu) {
  const edge::JamMeasures measures = edge::measure(jam);
  const double played = std::chrono::duration<double>(setup.length).count();
  Json facts;
  facts["performer"] = options.in.string();
  facts["simulated"] = options.simulate;
  facts["ai_parts"] = options.casting.parts;
  facts["model"] = {{"name", model.name}, {"sha256", model.sha256}};
  facts["seed"] = options.sampling.seed;
  facts["temperature"] = options.sampling.temperature;
  facts["top_p"] = options.sampling.top_p;
  facts["style"] = options.style;
  facts["horizon_ms"] = options.horizon_ms;
  facts["music_seconds"] = played;
  facts["wall_seconds"] = wall_seconds;
  facts["cpu_share"] = cpu / std::max(options.simulate ? played : wall_seconds, 1e-9);
  facts["live"] = json_of(measures);
  if (!options.simulate) {
    facts["live"]["onset_error_ms"] = json_of(measures.onset_error_ms);
    facts["scheduler"] = jam.real_time_scheduler ? "fifo" : "ordinary";
  }
  const music::Score recording = edge::recording_of(jam, setup.header);
  const music::Roles roles = music::roles_of(recording);
  if (!roles.accompaniment.empty())
    facts["measures"] = to_json(music::quality_of(recording, roles));
  facts["complete"] = !jam.stopped;
  facts["kernels"] = model.transformer->kernels().name;
  return facts;
}

Status jam(const Options& options) {
  ANTIPHON_CHECK(check(options));
  if (!options.timeline.empty()) ANTIPHON_CHECK(check_writable(options.timeline));
  ANTIPHON_TRY(const auto ai, ai_parts(options.casting));
  ANTIPHON_TRY(music::Score score, read_score(options.in));
  ANTIPHON_CHECK(set_tempo(score, options.bpm));
  ANTIPHON_TRY(const auto human, human_parts(score, options.casting));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  auto made = edge::perform(score, human, ai, *tokens::style_of(options.style), options.times);
  if (!made) return Error{made.error().code, options.in.string() + ": " + made.error().message};
  edge::JamSetup& setup = *made;
  setup.sampling = options.sampling;
  setup.pace.horizon = std::chrono::round<nanoseconds>(Milliseconds(options.horizon_ms));
  setup.pace.deadline = setup.pace.horizon / 4;

  generate::TransformerModel session(model.transformer);
  const auto progress = show_progress("Jamming");
  const auto start = std::chrono::steady_clock::now();
  const double cpu_before = cpu_seconds();
  edge::Jam played{setup.timeline, {}, {}, {}, {}, false, false};
  if (options.simulate) {
    edge::SimulatedCost cost;
    cost.step = cost.draw = std::chrono::round<nanoseconds>(Milliseconds(options.simulated_ms));
    cost.stalls = options.stalls;
    cost.seed = options.sampling.seed;
    played = edge::simulate(session, setup, cost, progress);
  } else {
    Silence nowhere;
    ANTIPHON_TRY(played, edge::play_live(session, setup, nowhere, progress));
  }
  const double cpu = cpu_seconds() - cpu_before;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

  ANTIPHON_CHECK(write_music(options, edge::recording_of(played, setup.header)));
  if (!options.timeline.empty())
    ANTIPHON_CHECK(write_file(options.timeline, timeline_of(played).dump(1) + "\n"));
  const Json facts = facts_of(options, model, setup, played, wall.count(), cpu);
  if (!options.report.empty()) {
    ANTIPHON_CHECK(write_file(options.report,
                              facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  }
  if (played.stopped)
    return Error{Errc::unavailable, "stopped; what was played until then is written"};
  return Done{};
}

}  // namespace

Action jam_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags
      .add_option("--performer", options->in,
                  "The player: a MIDI, MusicXML, ABC or Humdrum **kern file that plays itself")
      ->required();
  add_casting_flags(flags, options->casting);
  flags.add_option("--tempo", options->bpm, "Quarters a minute (default: the file's)");
  flags.add_option("--times", options->times, "How often the file is played")
      ->capture_default_str();
  flags.add_flag("!--realtime,--simulate", options->simulate,
                 "In real time (the default), or as fast as it goes");
  flags
      .add_option("--horizon", options->horizon_ms,
                  "Milliseconds before each sixteenth at which it is asked for")
      ->check(CLI::Range(0.5, 200.0))
      ->capture_default_str();
  flags
      .add_option("--simulated-cost", options->simulated_ms,
                  "Simulated: milliseconds that the model takes for an event")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  flags
      .add_option("--simulated-stalls", options->stalls,
                  "Simulated: chance that a frame of the model's work takes up to 5 s more")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  add_model_flags(flags, *options);
  flags.add_option("--record", options->out, "What was played: .mid or .musicxml");
  flags.add_option("--timeline", options->timeline, "Who played what when, as JSON");
  add_result_flags(flags, *options);
  return [options] { return jam(*options); };
}

}  // namespace antiphon::app
