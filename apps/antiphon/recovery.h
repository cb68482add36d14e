// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>

#include "music/score.h"

/// How an accompaniment finds its way after the player has moved to another key at once.
namespace antiphon::app {

/// `score` with every note of its parts from `at` on moved by `semitones`; those that would leave
/// MIDI's range stay. Nobody is told: keys stay as they are.
music::Score moved_from(const music::Score& score, music::Ticks at, int semitones);

/// Follows many pieces from some beats before the move until some after it.
class Recovery {
 public:
  static constexpr int before = 16, after = 32;  ///< Quarters.
  static constexpr int beats = before + after;

  /// `key` holds before the move.
  void add(std::span<const music::Note> melody, std::span<const music::Note> accompaniment,
           music::Key key, music::Ticks move, int semitones);

  /// Quarter `beat` counts from the move, in [-before, after). The share of the melody's time in it
  /// that is carried consonantly; and of the accompaniment's notes begun in it, by duration, what
  /// is in the scale that holds for the player. Nothing where there is none.
  std::optional<double> consonant(int beat) const { return share(consonant_, beat); }
  std::optional<double> in_key(int beat) const { return share(in_key_, beat); }

  /// Of each, the mean before the move, and the first beat after it from which the mean of four is
  /// at most `tolerance` below that. Nothing if that doesn't come.
  struct Found {
    double level = 0;
    std::optional<int> beats;
  };
  Found consonance(double tolerance = 0.05) const { return found(consonant_, tolerance); }
  Found key(double tolerance = 0.05) const { return found(in_key_, tolerance); }

 private:
  struct Share {
    double part = 0, all = 0;
  };
  using Shares = std::array<Share, beats>;
  static std::optional<double> share(const Shares& shares, int beat);
  static std::optional<double> mean(const Shares& shares, int from, int until);
  static Found found(const Shares& shares, double tolerance);

  Shares consonant_, in_key_;
};

}  // namespace antiphon::app
