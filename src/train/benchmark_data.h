// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"

/// The public data sets that models of polyphony are compared on: pieces as rows of frames.
namespace antiphon::train {

/// What sounds in one frame, as classes. In `chords`, pitches in ascending order and `end()`; in
/// `voices`, one class a voice, of which the last is the rest.
using Frame = std::vector<std::int16_t>;
using Frames = std::vector<Frame>;

struct BenchmarkData {
  enum class Kind { chords, voices };
  static constexpr int rest = -1;  ///< In files.

  Kind kind = Kind::chords;
  int lowest = 21;   ///< The pitch of class 0.
  int pitches = 88;  ///< Classes that are pitches; one more is the end or the rest.
  std::vector<Frames> train, valid, test;

  int classes() const { return pitches + 1; }
  std::int16_t end() const { return static_cast<std::int16_t>(pitches); }
  /// The most classes in a frame.
  int slots() const;
};

/// {"train": [[[60, 64, 67], ...], ...], "valid": ..., "test": ...}: pieces of frames of MIDI
/// pitches, 21 to 108 in any order for `chords`; soprano, alto, tenor and bass, 36 to 81 or -1 for
/// a rest, for `voices`.
Result<BenchmarkData> read_benchmark(ByteView json, std::string_view name,
                                     BenchmarkData::Kind kind);

/// The same from a MATLAB file, as Bai, Kolter and Koltun (2018) publish such sets: `traindata`,
/// `validdata` and `testdata` are cells of matrices [frames, 88] of 0 and 1. Always `chords`.
Result<BenchmarkData> read_benchmark_mat(const std::string& path);

/// Moves pieces by random intervals of at most `most` semitones: such that each voice stays in the
/// range that it has in training (`voices`), or each pitch among the 88 (`chords`).
class Transposer {
 public:
  Transposer(const BenchmarkData& data, int most);

  struct Moved {
    Frames piece;
    int by = 0;  ///< Semitones up.
  };
  Moved operator()(const Frames& piece, Random& random) const;

 private:
  std::size_t range_of(std::size_t slot) const { return voices_ ? slot : 0; }

  bool voices_;
  std::int16_t rest_;
  int most_;
  std::array<int, 4> low_, high_;
};

/// Mean nats a frame (`chords`) or a voice and frame (`voices`) of models that are counted, not
/// learned: the anchors that any reading of the data is checked by.
double uniform_nats(const BenchmarkData& data);
/// `chords`: each pitch an independent coin, its odds those of the training frames.
double independent_nats(const BenchmarkData& data, const std::vector<Frames>& pieces);
/// `voices`: each voice's own distribution, with add-one smoothing.
double unigram_nats(const BenchmarkData& data, const std::vector<Frames>& pieces);
/// `voices`: the same given the voice's class in the frame before, with `smoothing` added to
/// counts.
double bigram_nats(const BenchmarkData& data, const std::vector<Frames>& pieces, double smoothing);

}  // namespace antiphon::train
