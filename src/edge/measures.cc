// SPDX-License-Identifier: Apache-2.0
#include "edge/measures.h"

#include <algorithm>
#include <cmath>

#include "generate/duet.h"

namespace antiphon::edge {
namespace {

using music::Ticks;
using std::chrono::nanoseconds;

using tokens::ticks_per_step;
constexpr std::int64_t frame_ticks = steps_per_frame * ticks_per_step;
// What an answer may be old before it counts for nothing (StreamMUSE, RTAS 2026).
constexpr int oldest_frame = 32;

double ms(nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Of all jams that are measured together.
struct Samples {
  std::vector<double> reactions_ms, reactions_frames, answers_ms, onset_errors_ms;
};

void add_reactions(const Jam& jam, Samples& samples) {
  std::uint32_t onset = 0;
  std::size_t note = 0;
  for (const Played& played : jam.heard) {
    if (played.velocity == 0) continue;
    ++onset;
    // What is heard later is answered later.
    while (note < jam.notes.size() && jam.notes[note].heard < onset) ++note;
    if (note == jam.notes.size()) break;
    const nanoseconds sounds = jam.timeline.time_of({jam.notes[note].onset * ticks_per_step});
    const auto tick = static_cast<std::int64_t>(jam.timeline.ticks_at(played.at));
    const nanoseconds frame =
        jam.timeline.tempo_at({tick}).duration({steps_per_frame * ticks_per_step});
    samples.reactions_ms.push_back(ms(sounds - played.at));
    samples.reactions_frames.push_back(ms(sounds - played.at) / ms(frame));
  }
  onset = 0;
  std::size_t frame = 0;
  for (const Played& played : jam.heard) {
    if (played.velocity == 0) continue;
    ++onset;
    while (frame < jam.frames.size() && jam.frames[frame].heard < onset) ++frame;
    if (frame == jam.frames.size()) break;
    const auto step = static_cast<std::int64_t>(frame) * steps_per_frame;
    samples.answers_ms.push_back(ms(jam.timeline.time_of({step * ticks_per_step}) - played.at));
  }
}

}  // namespace

Spread spread_of(std::vector<double> sample) {
  if (sample.empty()) return {};
  std::sort(sample.begin(), sample.end());
  const auto at = [&](double share) {
    return sample[static_cast<std::size_t>(share * static_cast<double>(sample.size() - 1))];
  };
  return {at(0.5), at(0.95), at(0.99), sample.back()};
}

JamMeasures measure(std::span<const Jam> jams) {
  JamMeasures measures;
  std::array<std::size_t, tier_count> tiers{};
  std::size_t delivered = 0, answered = 0, sounding = 0;
  std::int64_t age = 0, worth = 0;
  Samples samples;
  for (const Jam& jam : jams) {
    measures.frames += jam.frames.size();
    for (std::int64_t i = 0; const FrameRecord& frame : jam.frames) {
      const bool in_time = frame.fixed <= jam.timeline.time_of({i++ * frame_ticks});
      delivered += in_time && frame.tier != Tier::none;
      ++tiers[static_cast<std::size_t>(frame.tier)];
      sounding += frame.sounding;
      if (!in_time || frame.tier >= Tier::rule) continue;
      ++answered;
      age += frame.age;
      worth += std::max(0, oldest_frame - frame.age);
    }
    add_reactions(jam, samples);
    for (const nanoseconds error : jam.onset_errors) samples.onset_errors_ms.push_back(ms(error));
  }
  if (measures.frames == 0) return measures;
  const auto share = [&](auto count) {
    return static_cast<double>(count) / static_cast<double>(measures.frames);
  };
  for (std::size_t i = 0; i < tier_count; ++i) measures.tier_share[i] = share(tiers[i]);
  measures.isr_delivered = share(delivered);
  measures.isr_model = share(answered);
  measures.isr_sounding = share(sounding);
  measures.isr_w = share(worth) / oldest_frame;
  measures.staleness = answered > 0 ? static_cast<double>(age) / static_cast<double>(answered) : 0;
  measures.reaction_ms = spread_of(std::move(samples.reactions_ms));
  measures.reaction_frames = spread_of(std::move(samples.reactions_frames));
  measures.answer_ms = spread_of(std::move(samples.answers_ms));
  measures.onset_error_ms = spread_of(std::move(samples.onset_errors_ms));
  return measures;
}

std::vector<BeatError> beat_errors(const Jam& jam, const live::Timeline& players) {
  std::vector<BeatError> errors;
  if (jam.heard.empty()) return errors;
  const double first = players.ticks_at(jam.heard.front().at);
  const auto end = static_cast<std::int64_t>(jam.frames.size()) * frame_ticks;
  for (std::int64_t at = 0; at < end; at += Ticks::per_quarter) {
    const nanoseconds time = jam.timeline.time_of({at});
    const double tick = players.ticks_at(time);
    if (tick < first) continue;
    const double quarters = tick / Ticks::per_quarter;
    const std::int64_t nearest = std::llround(quarters);
    errors.push_back({nearest, std::abs(ms(time - players.time_of(Ticks::quarters(nearest)))),
                      std::abs(quarters - static_cast<double>(nearest))});
  }
  return errors;
}

music::Score recording_of(const Jam& jam, const tokens::Header& header) {
  music::Score score;
  for (const auto& [at, meter] : header.meters)
    score.meters.push_back({{at * ticks_per_step}, meter});
  for (const auto& [at, key] : header.keys) score.keys.push_back({{at * ticks_per_step}, key});
  for (const auto& [at, tempo] : jam.timeline.tempos()) score.tempos.push_back({at, tempo});
  for (const tokens::Slot& slot : header.slots) {
    music::Part part;
    part.drums = slot.instrument == tokens::instrument_drums;
    if (slot.instrument < tokens::instrument_drums)
      part.program = static_cast<std::uint8_t>(slot.instrument);
    part.name = slot.role == tokens::Role::ai ? generate::ai_part_name(slot.instrument) : "Player";
    part.velocities_known = true;
    score.parts.push_back(std::move(part));
  }
  const auto tick = [&](nanoseconds at) {
    return Ticks{std::max<std::int64_t>(0, std::llround(jam.timeline.ticks_at(at)))};
  };
  for (const Played& played : jam.heard) {
    auto& notes = score.parts[played.slot].notes;
    const Ticks at = tick(played.at);
    // A note lasts until its key goes up, or down again.
    const auto held = std::find_if(notes.rbegin(), notes.rend(), [&](const music::Note& note) {
      return note.pitch == played.pitch && note.duration == Ticks{};
    });
    if (held != notes.rend()) held->duration = std::max(at - held->onset, Ticks{1});
    if (played.velocity > 0) notes.push_back({at, {}, played.pitch, played.velocity});
  }
  const Ticks end{static_cast<std::int64_t>(jam.frames.size()) * steps_per_frame * ticks_per_step};
  for (music::Part& part : score.parts) {
    for (music::Note& note : part.notes) {
      if (note.duration == Ticks{}) note.duration = std::max(end - note.onset, Ticks{1});
    }
  }
  for (const NoteRecord& note : jam.notes) {
    score.parts[note.slot].notes.push_back({{note.onset * ticks_per_step},
                                            {(note.end - note.onset) * ticks_per_step},
                                            note.pitch,
                                            note.velocity});
  }
  music::sort(score);
  return score;
}

}  // namespace antiphon::edge
