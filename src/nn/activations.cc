// SPDX-License-Identifier: Apache-2.0
#include "nn/activations.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace antiphon::nn {

void Activations::add(std::span<const float> row) {
  assert(row.size() == dim);
  float largest = 0;
  for (const float x : row) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  const float scale = largest / 127;
  scales.push_back(scale);
  for (const float x : row) {
    const float steps = scale > 0 && std::isfinite(x) ? std::round(x / scale) : 0.0f;
    values.push_back(static_cast<std::int8_t>(std::clamp(steps, -127.0f, 127.0f)));
  }
}

void Activations::get(std::size_t row, std::span<float> out) const {
  assert(row < rows() && out.size() == dim);
  for (std::size_t i = 0; i < dim; ++i)
    out[i] = scales[row] * static_cast<float>(values[row * dim + i]);
}

void Activations::append(const Activations& from, std::size_t first, std::size_t count) {
  assert(from.dim == dim && first + count <= from.rows());
  const auto put = [&](auto& to, const auto& source, std::size_t width) {
    const auto begin = source.begin() + static_cast<std::ptrdiff_t>(first * width);
    to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(count * width));
  };
  put(scales, from.scales, 1);
  put(values, from.values, dim);
}

void Activations::shrink(std::size_t rows) {
  assert(rows <= scales.size());
  scales.resize(rows);
  values.resize(rows * dim);
}

}  // namespace antiphon::nn
