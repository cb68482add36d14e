// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::nn {

/// Rows of activations as int8 numbers, each row with a scale of its own: what travels where a pass
/// is cut.
struct Activations {
  std::size_t dim = 0;
  std::vector<float> scales;        ///< [rows], finite and not negative.
  std::vector<std::int8_t> values;  ///< [rows, dim], in [-127, 127].

  std::size_t rows() const { return scales.size(); }
  /// Rounds a row [dim] and appends it. Infinite and NaN numbers become 0.
  void add(std::span<const float> row);
  void get(std::size_t row, std::span<float> out) const;
  /// Appends rows of others, as wide.
  void append(const Activations& from, std::size_t first, std::size_t count);
  /// Keeps the first so many.
  void shrink(std::size_t rows);
};

}  // namespace antiphon::nn
