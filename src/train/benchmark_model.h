// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/benchmark_data.h"
#include "train/flat.h"

namespace antiphon::train {

/// How a frame's classes are told: one after the other, each given those before it in the frame, or
/// all pitches at once as independent coins.
enum class FrameHead { chain, sigmoids };

struct BenchmarkShape {
  std::int64_t width = 128;
  std::int64_t layers = 4;
  std::int64_t heads = 4;
  std::int64_t hidden = 192;   ///< Of the head.
  std::int64_t window = 128;   ///< Frames that attention reaches back.
  std::int64_t beats = 16;     ///< The frame's number modulo this is told.
  std::int64_t transpose = 0;  ///< Semitones up and down that the model is told, for `chords`.
  FrameHead head = FrameHead::chain;
};

/// Excerpts side by side. -1 stands for what isn't there; all are [rows, frames] or
/// [rows, frames, slots], int64.
struct FrameBatch {
  at::Tensor before;   ///< The classes of the frame before each; none at a piece's beginning.
  at::Tensor classes;  ///< What is to be told.
  at::Tensor beat;
  at::Tensor moved;  ///< [rows, 1], semitones up from where the set has the piece.
};

/// Shares of what is left out at random while learning: activations, notes that were heard.
struct Dropout {
  double activations = 0, notes = 0;
};

/// Part of a piece.
struct FrameExcerpt {
  const Frames* piece;
  std::int64_t from = 0;
  int moved = 0;  ///< The piece's semitones up from where the set has it.
};

/// A Transformer of one step a frame: what sounded in the frame before goes in, relative positions
/// (a learned bias a head and distance) tell when. A small network then tells the frame's classes.
/// The probabilities of all frames that could follow add up to one.
class BenchmarkModel {
 public:
  BenchmarkModel(const BenchmarkData& data, const BenchmarkShape& shape, Random& random);

  /// -ln p of each frame given those before it, [rows, frames]; 0 for a frame that isn't there.
  at::Tensor nats(const FrameBatch& batch, const Dropout& dropout = {}) const;

  /// A row for each excerpt, of `length` frames.
  FrameBatch batch_of(const std::vector<FrameExcerpt>& excerpts, std::int64_t length) const;

  FlatParameters& parameters() { return parameters_; }

 private:
  struct Layer {
    at::Tensor norm, qkv, qkv_bias, bias, out, out_bias, ff_norm, up, up_bias, down, down_bias;
  };
  at::Tensor rows_present(const at::Tensor& classes) const;
  at::Tensor backbone(const FrameBatch& batch, const Dropout& dropout) const;
  at::Tensor chain(const at::Tensor& x, const at::Tensor& classes, double dropout) const;
  at::Tensor sigmoids(const at::Tensor& x, const at::Tensor& classes, double dropout) const;
  std::int64_t rows_of_table() const { return voices_ ? slots_ * classes_ : classes_; }
  at::Tensor table_rows(const at::Tensor& classes) const;

  BenchmarkShape shape_;
  bool voices_;
  std::int64_t classes_, slots_;
  FlatParameters parameters_;
  std::vector<Layer> layers_;
  at::Tensor table_, beats_, moved_, start_, norm_;
  at::Tensor in_, in_bias_, told_, slot_, middle_, middle_bias_, logits_, logits_bias_;
};

}  // namespace antiphon::train
