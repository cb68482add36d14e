// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace antiphon::nn {

/// The shape of a groove generator: `config.json` beside the weights.
///
/// It has two stacks, each of `layers` hidden layers of `hidden` units. `pattern` says from a
/// condition which of the cells [steps, drums] are struck; `touch` says from struck cells and the
/// rest of the condition how.
struct GrooveConfig {
  static constexpr const char* architecture = "groove-gan";

  std::uint32_t steps = 0;
  std::uint32_t drums = 0;
  std::uint32_t latent = 0;  ///< Free numbers, normally distributed.
  std::uint32_t hidden = 0;
  std::uint32_t layers = 0;
  std::vector<std::string> styles;

  static constexpr std::uint32_t plane = 2;  ///< x and y.
  static constexpr std::uint32_t tempo = 2;  ///< Numbers that tell the tempo.

  std::uint32_t cells() const { return steps * drums; }
  /// A condition is [plane, latent, tempo, one number a style].
  std::uint32_t condition() const {
    return plane + latent + tempo + static_cast<std::uint32_t>(styles.size());
  }
  std::uint32_t pattern_inputs() const { return condition(); }
  /// The struck cells, then the condition without the plane.
  std::uint32_t touch_inputs() const { return cells() + condition() - plane; }

  /// Errors: says which value is missing, of a wrong kind or out of bounds.
  static Result<GrooveConfig> parse(std::string_view json);
  /// What `parse` reads.
  std::string to_json() const;
  Status check() const;

  /// Weights in all.
  std::uint64_t parameters() const;
};

}  // namespace antiphon::nn
