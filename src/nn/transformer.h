// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nn/ends.h"
#include "nn/kernels/choice.h"

namespace antiphon::nn {

/// The weights of one block, as the formulas name them.
struct Layer {
  AlignedVector<float> attention_norm;  ///< [dim]
  Matrix qkv;                           ///< [(heads + 2 kv_heads) head_dim, dim]
  Matrix o;                             ///< [dim, heads head_dim]
  AlignedVector<float> ff_norm;         ///< [dim]
  Matrix gate_up;                       ///< [2 ff, dim]
  Matrix down;                          ///< [dim, ff]
};

/// A decoder-only Transformer over events, its weights ready to run: embedding, `layers` blocks of
/// attention and gated feed-forward, and one head for each field of an event. `Session` runs it.
///
/// Threads: immutable, shared by any number of sessions.
class Transformer {
 public:
  /// Errors: a tensor that is missing, of another shape than `config` asks for, or has a value that
  /// is no finite number.
  static Result<std::shared_ptr<const Transformer>> load(const TransformerConfig& config,
                                                         const SafeTensors& file,
                                                         LoadOptions options = {});
  /// With random weights: for tests and measurements.
  static Result<std::shared_ptr<const Transformer>> random(const TransformerConfig& config,
                                                           std::uint64_t seed,
                                                           LoadOptions options = {});

  const TransformerConfig& config() const { return config_; }
  const Kernels& kernels() const { return *kernels_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Of the matrices; of the keys and values in a cache too.
  Type type() const { return type_; }
  /// Memory that one step of one session reads of the weights: layers and heads, not the tables.
  std::size_t step_bytes() const;

  const Ends& ends() const { return ends_; }
  const std::vector<Layer>& layers() const { return layers_; }

  /// Cosines and sines [head_dim / 2] of the angles by which queries and keys turn.
  void angles(std::size_t index, std::int32_t time, float* cosines, float* sines) const;

 private:
  Transformer() = default;

  TransformerConfig config_;
  const Kernels* kernels_ = nullptr;
  std::map<std::string, std::string> metadata_;
  Type type_ = Type::f32;
  Ends ends_;
  std::vector<Layer> layers_;
  AlignedVector<std::byte> memory_;  ///< What the matrices' weights lie in.
  std::vector<double> frequencies_;  ///< [head_dim / 2], radians per step or grid step.
};

/// A weights file of random f32 numbers that fits `config`.
Bytes random_weights(const TransformerConfig& config, std::uint64_t seed);

}  // namespace antiphon::nn
