// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "generate/event_model.h"
#include "generate/sampler.h"
#include "music/score.h"
#include "tokens/stream.h"
#include "tokens/vocabulary.h"

namespace antiphon::generate {

/// An AI part to be added: a General MIDI program in [0, 128) or `tokens::instrument_drums`.
struct AiPart {
  int instrument = 0;
  int density = 0;    ///< Class asked for, in [0, 9); 0 leaves it to the model.
  int polyphony = 0;  ///< Class asked for, in [0, 5); 0 leaves it to the model.
  bool keeps_density = false, keeps_polyphony = false;  ///< As in `tokens::Slot`.
  int difficulty = 0;  ///< A level in [1, 3] to keep to (music/difficulty.h), or 0.
};

/// Name of the track of an AI part: "Antiphon: " and its instrument.
std::string ai_part_name(int instrument);

/// Only the parts `human` of `score` (indices), for AI parts to be added to. Errors: no human part,
/// a part without notes, more than `tokens::max_slots` parts with those to be added.
Result<music::Score> human_score(const music::Score& score, std::span<const std::size_t> human,
                                 std::size_t ai_parts);

/// What a model is told of a duet: the human parts of `grid` first, then the AI parts.
tokens::Header duet_header(const tokens::GridScore& grid, std::span<const AiPart> ai,
                           tokens::Style style);

/// Called now and then with the share done in [0, 1]; false stops the work.
using Progress = std::function<bool(double)>;

/// What was played, and what it took.
struct Performance {
  music::Score score;  ///< Human parts as they were, then the AI parts.
  std::vector<std::chrono::nanoseconds> note_times;  ///< Wall time of each AI note.
  std::size_t imagined = 0;  ///< Human notes that the model expected in vain.
  bool stopped = false;      ///< `progress` asked to stop; what was played stands.
};

/// Plays AI parts beside the parts `human` of `score` (indices, sorted) as a live player would:
/// each note is decided before anything that the human parts do at its time or later is known.
///
/// With `candidates` above 1 what comes is known: each quarter is played so many times over, and
/// one is kept, drawn in proportion to how likely the model holds the pitches that the human parts
/// then play beside it (importance resampling; Rubin 1988). So what fits the melody is played.
/// Costs so many times the work. Errors: those of `human_score`; candidates not in [1, 64].
Result<Performance> accompany(EventModel& model, const music::Score& score,
                              std::span<const std::size_t> human, std::span<const AiPart> ai,
                              tokens::Style style, const Sampling& sampling,
                              const Progress& progress, int candidates = 1);

/// Goes on with all parts of `score` for `bars` bars after its last bar, in its last meter and, if
/// `key` names one, held to that key.
/// Errors: no notes, more than `tokens::max_slots` parts with notes, bars not in [1, 1000].
Result<Performance> continue_score(EventModel& model, const music::Score& score, int bars,
                                   tokens::Style style, const Sampling& sampling,
                                   const Progress& progress, std::optional<music::Key> key = {});

}  // namespace antiphon::generate
