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

/// The weights of one layer. Gates lie in the order input, forget, cell, output.
struct LstmLayer {
  AlignedVector<float> norm;  ///< [dim]
  Matrix x;                   ///< [4 dim, dim]: what the layer's input adds to the gates,
  Matrix h;                   ///< [4 dim, dim]: what its state before adds,
  AlignedVector<float> bias;  ///< [4 dim]
};

/// An LSTM over events (Hochreiter and Schmidhuber 1997; Gers et al. 2000) on a residual stream,
/// its weights ready to run. For each layer, with n = rmsnorm(stream) * weight:
///   i, f, g, o = x n + h state + bias
///   cells = sigmoid(f) * cells + sigmoid(i) * tanh(g)
///   state = sigmoid(o) * tanh(cells);  stream += state
/// `LstmSession` runs it.
///
/// Threads: immutable, shared by any number of sessions.
class Lstm {
 public:
  /// Errors: a tensor that is missing, of another shape than `config` asks for, or has a value that
  /// is no finite number.
  static Result<std::shared_ptr<const Lstm>> load(const LstmConfig& config, const SafeTensors& file,
                                                  LoadOptions options = {});
  /// With random weights: for tests and measurements.
  static Result<std::shared_ptr<const Lstm>> random(const LstmConfig& config, std::uint64_t seed,
                                                    LoadOptions options = {});

  const LstmConfig& config() const { return config_; }
  const Kernels& kernels() const { return *kernels_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Of the matrices. States are always f32.
  Type type() const { return layers_.front().x.type(); }
  /// Memory that one step of one session reads of the weights: layers and heads, not the tables.
  std::size_t step_bytes() const;

  const Ends& ends() const { return ends_; }
  const std::vector<LstmLayer>& layers() const { return layers_; }

 private:
  Lstm() = default;

  LstmConfig config_;
  const Kernels* kernels_ = nullptr;
  std::map<std::string, std::string> metadata_;
  Ends ends_;
  std::vector<LstmLayer> layers_;
  AlignedVector<std::byte> memory_;  ///< What the matrices' weights lie in.
};

/// A weights file of random f32 numbers that fits `config`.
Bytes random_weights(const LstmConfig& config, std::uint64_t seed);

}  // namespace antiphon::nn
