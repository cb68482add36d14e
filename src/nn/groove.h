// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nn/groove_config.h"
#include "nn/transformer.h"

namespace antiphon::nn {

/// A stack of hidden layers: u = silu(W x + b), then u += silu(W rmsnorm(u) + b) for each block,
/// then W rmsnorm(u) + b.
struct GrooveStack {
  struct Linear {
    Matrix weight;
    AlignedVector<float> bias;
  };
  struct Block {
    AlignedVector<float> norm;
    Linear linear;
  };
  Linear in;
  std::vector<Block> blocks;
  AlignedVector<float> norm;
  Linear out;
};

/// The weights of a groove generator, ready to run. `GrooveSession` runs them.
///
/// Threads: immutable, shared by any number of sessions.
class Groove {
 public:
  /// Errors: a tensor that is missing, of another shape than `config` asks for, or has a value that
  /// is no finite number.
  static Result<std::shared_ptr<const Groove>> load(const GrooveConfig& config,
                                                    const SafeTensors& file,
                                                    LoadOptions options = {});

  const GrooveConfig& config() const { return config_; }
  const Kernels& kernels() const { return *kernels_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const GrooveStack& pattern() const { return pattern_; }
  const GrooveStack& touch() const { return touch_; }

 private:
  Groove() = default;

  GrooveConfig config_;
  const Kernels* kernels_ = nullptr;
  std::map<std::string, std::string> metadata_;
  GrooveStack pattern_, touch_;
};

/// A weights file of random f32 numbers that fits `config`.
Bytes random_weights(const GrooveConfig& config, std::uint64_t seed);

/// Makes patterns with a generator.
///
/// Threads: one at a time. Real time: after construction nothing allocates, and every call takes as
/// long as any other.
class GrooveSession {
 public:
  explicit GrooveSession(std::shared_ptr<const Groove> groove);

  const Groove& groove() const { return *groove_; }

  /// Logits [cells] of being struck, from a condition [plane, latent, tempo, styles]. The result is
  /// valid until the next call.
  std::span<const float> pattern(std::span<const float> condition);

  /// How each cell would be struck, [cells] each: velocity in [0, 1], offset in steps, within half
  /// a one. Valid until the next call.
  struct Touch {
    std::span<const float> velocities, offsets;
  };
  /// `hits` [cells] are 0 or 1; the condition is the same, and its plane isn't looked at.
  Touch touch(std::span<const float> hits, std::span<const float> condition);

 private:
  void run(const GrooveStack& stack, std::span<const float> x);
  void multiply(const GrooveStack::Linear& linear, const float* x, float* y);

  std::shared_ptr<const Groove> groove_;
  AlignedVector<float> inputs_, hidden_, branch_, out_;
  AlignedVector<std::byte> operand_;
};

}  // namespace antiphon::nn
