// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests: the formulas of the event transformer in double precision, recomputed from the start
// for every step, without cache, kernels or layout.

#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "nn/session.h"

namespace antiphon::nn::naive {

using Vector = std::vector<double>;

/// All numbers of an f32 tensor.
inline Vector numbers(const SafeTensors& file, const std::string& name) {
  const ByteView bytes = file.find(name)->bytes;
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}

/// matrix [outputs, x.size()] . x
inline Vector times(const Vector& matrix, const Vector& x) {
  Vector y(matrix.size() / x.size());
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += matrix[o * x.size() + i] * x[i];
  }
  return y;
}

inline Vector rms_norm(const Vector& x, const Vector& weight) {
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  const double rms = std::sqrt(squares / static_cast<double>(x.size()) + 1e-5);
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] / rms * weight[i];
  return y;
}

inline double silu(double x) { return x / (1.0 + std::exp(-x)); }

inline void add(Vector& x, const Vector& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

inline void add_rows(Vector& x, const Vector& table, std::span<const std::uint16_t> rows) {
  for (const std::uint16_t row : rows) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += table[row * x.size() + i];
  }
}

inline void rotate(Vector& heads, const TransformerConfig& c, std::size_t index, int time) {
  for (std::size_t at = 0; at < heads.size(); at += c.head_dim) {
    for (std::size_t j = 0; j < c.head_dim / 2; ++j) {
      const bool by_index = j < c.rotary.index_pairs;
      const double k = static_cast<double>(by_index ? j : j - c.rotary.index_pairs);
      const double angle = by_index ? static_cast<double>(index) *
                                          std::pow(c.rotary.index_base, -k / c.rotary.index_pairs)
                                    : time * std::pow(c.rotary.time_base, -k / c.rotary.time_pairs);
      double& a = heads[at + j];
      double& b = heads[at + j + c.head_dim / 2];
      const double turned = a * std::cos(angle) - b * std::sin(angle);
      b = a * std::sin(angle) + b * std::cos(angle);
      a = turned;
    }
  }
}

/// Softmax attention of one step's queries over all keys and values so far.
inline Vector attention(const TransformerConfig& c, const Vector& q,
                        const std::vector<Vector>& keys, const std::vector<Vector>& values) {
  Vector out(q.size());
  for (std::size_t h = 0; h < c.heads; ++h) {
    const std::size_t own = h * c.head_dim;
    const std::size_t shared = h / (c.heads / c.kv_heads) * c.head_dim;
    Vector weights;
    double sum = 0.0;
    for (const Vector& key : keys) {
      double dot = 0.0;
      for (std::size_t d = 0; d < c.head_dim; ++d) dot += q[own + d] * key[shared + d];
      weights.push_back(std::exp(dot / std::sqrt(static_cast<double>(c.head_dim))));
      sum += weights.back();
    }
    for (std::size_t p = 0; p < values.size(); ++p) {
      for (std::size_t d = 0; d < c.head_dim; ++d) {
        out[own + d] += weights[p] / sum * values[p][shared + d];
      }
    }
  }
  return out;
}

/// z of every step.
inline std::vector<Vector> run(const TransformerConfig& c, const SafeTensors& file,
                               std::span<const Step> steps) {
  std::vector<Vector> x;
  const Vector table = numbers(file, "input.weight");
  for (const Step& step : steps) {
    x.emplace_back(c.dim);
    add_rows(x.back(), table, step.rows);
  }
  for (std::size_t l = 0; l < c.layers; ++l) {
    const auto weight = [&](const char* part) {
      return numbers(file, "layer." + std::to_string(l) + "." + part + ".weight");
    };
    std::vector<Vector> keys, values;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Vector n1 = rms_norm(x[i], weight("attention.norm"));
      Vector q = times(weight("attention.q"), n1), k = times(weight("attention.k"), n1);
      rotate(q, c, i, steps[i].time);
      rotate(k, c, i, steps[i].time);
      keys.push_back(k);
      values.push_back(times(weight("attention.v"), n1));
      add(x[i], times(weight("attention.o"), attention(c, q, keys, values)));
      const Vector n2 = rms_norm(x[i], weight("ff.norm"));
      Vector gated = times(weight("ff.gate"), n2);
      const Vector up = times(weight("ff.up"), n2);
      for (std::size_t j = 0; j < gated.size(); ++j) gated[j] = silu(gated[j]) * up[j];
      add(x[i], times(weight("ff.down"), gated));
    }
  }
  for (Vector& row : x) row = rms_norm(row, numbers(file, "norm.weight"));
  return x;
}

/// Logits of one field from z, to which the conditions have been added.
inline Vector logits(const SafeTensors& file, const Field& field, const Vector& z) {
  const std::string name = "field." + field.name + ".";
  if (field.hidden == 0) return times(numbers(file, name + "logits.weight"), z);
  Vector u = times(numbers(file, name + "hidden.weight"), z);
  for (double& value : u) value = silu(value);
  Vector y = times(numbers(file, name + "logits.weight"), u);
  add(y, numbers(file, name + "logits.bias"));
  return y;
}

}  // namespace antiphon::nn::naive
