// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::music {

/// A note of a melody line; its onset in any steps, the same ones for all lines compared.
struct LineNote {
  std::int64_t onset;
  int pitch;
};

/// The highest note at each onset. `notes` are sorted by onset.
std::vector<LineNote> top_line(std::span<const LineNote> notes);

/// Stretches of `length` notes of many lines, each as a hash of its intervals and of the times
/// between its onsets: where in pitch and time it lies doesn't matter. Stretches of fewer than four
/// pitches are nobody's melody and are left out.
///
/// Two different stretches are taken for one with a chance of about (stretches kept) / 2^64.
class Stretches {
 public:
  explicit Stretches(std::size_t length) : length_(length) {}

  void add(std::span<const LineNote> line);
  /// Call once, after the last `add` and before what follows.
  void finish();

  struct Rate {
    std::size_t found = 0, all = 0;
    Rate& operator+=(const Rate& other) {
      found += other.found, all += other.all;
      return *this;
    }
  };
  /// How many of the line's stretches are among these.
  Rate rate(std::span<const LineNote> line) const;
  /// How many different stretches are in both. Both are finished and of one length.
  std::size_t shared(const Stretches& other) const;

  std::size_t length() const { return length_; }
  /// Different stretches, once finished.
  std::size_t size() const { return hashes_.size(); }

 private:
  std::size_t length_;  ///< At least 2.
  std::vector<std::uint64_t> hashes_;
};

/// How many notes the longest stretch has that one of `lines` and one of `known` share, found by
/// halving: at least `least`, or 0. Stretches count as above.
/// Cost: passes over all notes some ten times, each time as long as the stretches that it looks
/// for.
std::size_t longest_shared(std::span<const std::vector<LineNote>> lines,
                           std::span<const std::vector<LineNote>> known, std::size_t least);

}  // namespace antiphon::music
