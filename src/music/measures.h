// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "music/key.h"
#include "music/score.h"

/// What an accompaniment is measured by. docs/measures.md has the definitions in words.
namespace antiphon::music {

/// How a melody is carried, as sums of the durations of its notes, in quarters. Ratios are 0 for a
/// melody without notes.
struct Harmony {
  double consonant = 0;    ///< Some note that sounds with it is at a consonant interval.
  double dissonant = 0;    ///< Others sound with it, and none is.
  double unsupported = 0;  ///< Nothing sounds with it.

  double total() const { return consonant + dissonant + unsupported; }
  double consonant_ratio() const { return total() > 0 ? consonant / total() : 0; }
  double dissonant_ratio() const { return total() > 0 ? dissonant / total() : 0; }
  double unsupported_ratio() const { return total() > 0 ? unsupported / total() : 0; }
};

/// The relation of a melody to its accompaniment (StreamMUSE, RTAS 2026). A note sounds with a
/// melody note if they share any time; the interval goes from it up to the melody note, modulo the
/// octave, and is consonant if it is a unison, third, fifth or sixth. Both lists are sorted by
/// onset.
Harmony harmony_of(std::span<const Note> melody, std::span<const Note> accompaniment);

/// Counts of notes by MIDI pitch.
using PitchHistogram = std::array<double, 128>;
PitchHistogram pitch_histogram(std::span<const Note> notes);

/// Counts of notes by where they start in the piece, which is cut into 64 equal stretches of
/// [0, piece_end).
using OnsetHistogram = std::array<double, 64>;
OnsetHistogram onset_histogram(std::span<const Note> notes, Ticks piece_end);

/// Counts of notes by where in the bar they start: to the nearest of 48 places, so that sixteenths
/// and triplets of 4/4 each have their own.
using BarHistogram = std::array<double, 48>;
BarHistogram bar_histogram(std::span<const Note> notes, std::span<const Bar> bars);

/// Jensen-Shannon divergence of two histograms of one length, in nats: 0 for equal shapes, ln 2 for
/// shapes that share nothing. Nothing where a histogram is empty.
std::optional<double> js_divergence(std::span<const double> p, std::span<const double> q);

/// The share of the notes' duration whose pitch class is in the scale of the key that holds at
/// their onset. `keys` is sorted by time and not empty. Nothing for no notes.
std::optional<double> key_agreement(std::span<const Note> notes, std::span<const Change<Key>> keys);

/// What must never be: each counts notes.
struct Faults {
  int overlapping = 0;  ///< Start while the same pitch of the part still sounds.
  int too_long = 0;     ///< Last over eight bars: most likely nobody ended them.
  int past_end = 0;     ///< Sound after the end of the bar that holds `end`.
  int empty = 0;        ///< Have no duration.

  int total() const { return overlapping + too_long + past_end + empty; }
  Faults& operator+=(const Faults& other);
};
Faults faults_of(const Part& part, std::span<const Bar> bars, std::optional<Ticks> end = {});

/// How much is played.
struct Density {
  double notes_a_bar = 0;
  double polyphony = 0;       ///< Mean number of notes that sound, over the time in which any does.
  double sounding_ratio = 0;  ///< The share of the bars' time in which any note sounds.
};
Density density_of(std::span<const Note> notes, std::span<const Bar> bars);

}  // namespace antiphon::music
