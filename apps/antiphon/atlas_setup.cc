// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "antiphon/atlas.h"
#include "antiphon/casting.h"
#include "edge/measures.h"
#include "edge/performer.h"

namespace antiphon::app {

using std::chrono::nanoseconds;

namespace {

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

// Its first bars; the notes that sound on are cut off.
void keep_bars(music::Score& score, std::size_t bars) {
  const std::vector<music::Bar> all = music::bars_of(score, bars + 1);
  if (all.size() <= bars) return;
  const music::Ticks end = all.back().start;
  for (music::Part& part : score.parts) {
    std::erase_if(part.notes, [&](const music::Note& note) { return note.onset >= end; });
    for (music::Note& note : part.notes) note.duration = std::min(note.duration, end - note.onset);
  }
}

}  // namespace

Result<std::vector<Song>> atlas_songs(const AtlasOptions& options) {
  ANTIPHON_TRY(const auto tempo, music::Tempo::of(options.bpm));
  ANTIPHON_TRY(auto songs, read_songs(options.songs));
  for (Song& song : songs) {
    song.score.tempos = {{{}, tempo}};
    if (options.bars > 0) keep_bars(song.score, options.bars);
  }
  return songs;
}

Result<edge::JamSetup> atlas_setup(const AtlasOptions& options, const Song& song,
                                   const edge::NetworkProfile& network, const std::string& mode) {
  ANTIPHON_TRY(const auto ai, ai_parts({}));
  const std::vector<std::size_t> human = {song.roles.melody};
  auto made = edge::perform(song.score, human, ai, *tokens::style_of(options.style), 1);
  if (!made) return Error{made.error().code, song.file.string() + ": " + made.error().message};
  edge::JamSetup& setup = *made;
  setup.sampling = options.sampling;
  setup.pace.deadline = setup.pace.horizon / 4;
  setup.node.wishes = {*collab::policy_of(options.policy), collab::mode_of(mode)};
  if (mode == fixed_mode) {
    const nanoseconds frame = setup.timeline.time_of({240});
    setup.baseline = plan_offline(network, frame, options.sampling.seed);
  }
  return made;
}

}  // namespace antiphon::app
