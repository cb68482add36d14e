// SPDX-License-Identifier: Apache-2.0
// The kernels as loops that follow their definitions, on any machine.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "nn/kernels/attend.h"
#include "nn/kernels/kernels.h"
#include "nn/type.h"

namespace antiphon::nn {
namespace {

constexpr float rms_epsilon = 1e-5f;

/// One element of a matrix, vector or cache as a float.
float load(const float* at) { return *at; }
float load(const BFloat16* at) { return at->value(); }

void store_number(float value, float* at) { *at = value; }
void store_number(float value, BFloat16* at) { *at = BFloat16::of(value); }

float largest_magnitude(const float* x, std::size_t n) {
  float largest = 0.0f;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, std::fabs(x[i]));
  return largest;
}

/// To the nearest, ties to even, as the vector instructions do.
std::int32_t rounded(float x) { return static_cast<std::int32_t>(std::nearbyint(x)); }

float inverse_or_zero(float scale) { return scale > 0.0f ? 1.0f / scale : 0.0f; }

template <class T>
void prepare(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  T* out = reinterpret_cast<T*>(operand + operand_header);
  for (std::size_t i = 0; i < n; ++i) store_number(x[i], out + i);
  for (std::size_t i = n; i < inputs; ++i) store_number(0.0f, out + i);
}

void prepare_i8(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  const float scale = largest_magnitude(x, n) / 127.0f;
  const float inverse = inverse_or_zero(scale);
  auto* out = reinterpret_cast<std::int8_t*>(operand + operand_header);
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t integer = std::clamp(rounded(x[i] * inverse), -127, 127);
    out[i] = static_cast<std::int8_t>(integer);
    sum += integer;
  }
  std::fill(out + n, out + inputs, std::int8_t{0});
  const Operand header{scale, sum};
  std::memcpy(operand, &header, sizeof header);
}

/// `group` inputs lie together in T's layout.
template <class T, std::size_t group>
void multiply(const PackedMatrix& w, std::size_t first_tile, std::size_t last_tile,
              const std::byte* operands, std::size_t operand_stride, std::size_t rows, float* y,
              std::size_t y_stride, bool accumulate) {
  for (std::size_t r = 0; r < rows; ++r) {
    const auto* x = reinterpret_cast<const T*>(operands + r * operand_stride + operand_header);
    for (std::size_t o = first_tile * tile_outputs;
         o < std::min<std::size_t>(last_tile * tile_outputs, w.outputs); ++o) {
      const auto* tile = reinterpret_cast<const T*>(w.tiles + o / tile_outputs * w.tile_bytes);
      const std::size_t lane = o % tile_outputs;
      float sum = 0.0f;
      for (std::size_t i = 0; i < w.inputs; ++i) {
        sum += load(x + i) * load(tile + (i / group * tile_outputs + lane) * group + i % group);
      }
      float& out = y[r * y_stride + o];
      out = accumulate ? out + sum : sum;
    }
  }
}

void multiply_i8(const PackedMatrix& w, std::size_t first_tile, std::size_t last_tile,
                 const std::byte* operands, std::size_t operand_stride, std::size_t rows, float* y,
                 std::size_t y_stride, bool accumulate) {
  for (std::size_t r = 0; r < rows; ++r) {
    const std::byte* operand = operands + r * operand_stride;
    Operand header;
    std::memcpy(&header, operand, sizeof header);
    const auto* x = reinterpret_cast<const std::int8_t*>(operand + operand_header);
    for (std::size_t o = first_tile * tile_outputs;
         o < std::min<std::size_t>(last_tile * tile_outputs, w.outputs); ++o) {
      const auto* tile =
          reinterpret_cast<const std::uint8_t*>(w.tiles + o / tile_outputs * w.tile_bytes);
      const std::size_t lane = o % tile_outputs;
      // Weights are stored 128 too large: 128 * (sum of x) is what that adds.
      std::int32_t sum = -128 * header.sum;
      for (std::size_t i = 0; i < w.inputs; ++i) {
        sum += x[i] * tile[(i / 4 * tile_outputs + lane) * 4 + i % 4];
      }
      const float value = static_cast<float>(sum) * (header.scale * w.scales[o]);
      float& out = y[r * y_stride + o];
      out = accumulate ? out + value : value;
    }
  }
}

/// The block of a position, and the scales that follow an int8 block's numbers.
std::byte* block_of(std::byte* blocks, const HeadCache& cache, std::size_t position) {
  return blocks + position / block_positions * cache.block_bytes;
}
float& scale_of(std::byte* blocks, const HeadCache& cache, std::size_t position) {
  std::byte* scales = block_of(blocks, cache, position) + block_positions * cache.dim;
  return reinterpret_cast<float*>(scales)[position % block_positions];
}

template <class T>
T& key_number(const HeadCache& cache, std::size_t position, std::size_t d) {
  T* block = reinterpret_cast<T*>(block_of(cache.keys, cache, position));
  return block[d * block_positions + position % block_positions];
}
template <class T>
T& value_number(const HeadCache& cache, std::size_t position, std::size_t d) {
  T* block = reinterpret_cast<T*>(block_of(cache.values, cache, position));
  return block[position % block_positions * cache.dim + d];
}

/// int8: four numbers of one position, or four positions of one number, lie together.
std::uint8_t& key_byte(const HeadCache& cache, std::size_t position, std::size_t d) {
  auto* block = reinterpret_cast<std::uint8_t*>(block_of(cache.keys, cache, position));
  return block[(d / 4 * block_positions + position % block_positions) * 4 + d % 4];
}
std::int8_t& value_byte(const HeadCache& cache, std::size_t position, std::size_t d) {
  auto* block = reinterpret_cast<std::int8_t*>(block_of(cache.values, cache, position));
  return block[(position % block_positions / 4 * cache.dim + d) * 4 + position % 4];
}

template <class T>
void store(const HeadCache& cache, std::uint32_t position, const float* key, const float* value,
           std::uint32_t head_dim) {
  for (std::size_t d = 0; d < head_dim; ++d) {
    store_number(key[d], &key_number<T>(cache, position, d));
    store_number(value[d], &value_number<T>(cache, position, d));
  }
}

void store_i8(const HeadCache& cache, std::uint32_t position, const float* key, const float* value,
              std::uint32_t head_dim) {
  const float key_scale = largest_magnitude(key, head_dim) / 127.0f;
  const float value_scale = largest_magnitude(value, head_dim) / 127.0f;
  scale_of(cache.keys, cache, position) = key_scale;
  scale_of(cache.values, cache, position) = value_scale;
  const float key_inverse = inverse_or_zero(key_scale);
  const float value_inverse = inverse_or_zero(value_scale);
  for (std::size_t d = 0; d < cache.dim; ++d) {
    const bool real = d < head_dim;
    const std::int32_t k = real ? std::clamp(rounded(key[d] * key_inverse), -127, 127) : 0;
    const std::int32_t v = real ? std::clamp(rounded(value[d] * value_inverse), -127, 127) : 0;
    key_byte(cache, position, d) = static_cast<std::uint8_t>(k + 128);
    value_byte(cache, position, d) = static_cast<std::int8_t>(v);
  }
}

template <class T>
void scores(const HeadCache& cache, std::uint32_t positions, const float* query,
            std::uint32_t head_dim, float scale, float* out) {
  for (std::size_t p = 0; p < positions; ++p) {
    float dot = 0.0f;
    for (std::size_t d = 0; d < head_dim; ++d) dot += query[d] * load(&key_number<T>(cache, p, d));
    out[p] = dot * scale;
  }
}

void scores_i8(const HeadCache& cache, std::uint32_t positions, const float* query,
               std::uint32_t head_dim, float scale, float* out) {
  const float query_scale = largest_magnitude(query, head_dim) / 127.0f;
  const float inverse = inverse_or_zero(query_scale);
  for (std::size_t p = 0; p < positions; ++p) {
    std::int32_t dot = 0;
    for (std::size_t d = 0; d < head_dim; ++d) {
      const std::int32_t q = std::clamp(rounded(query[d] * inverse), -127, 127);
      dot += q * (key_byte(cache, p, d) - 128);
    }
    out[p] = static_cast<float>(dot) * (query_scale * scale * scale_of(cache.keys, cache, p));
  }
}

float exponentials(float* scores, std::uint32_t positions) {
  const float largest = *std::max_element(scores, scores + positions);
  float sum = 0.0f;
  for (std::size_t p = 0; p < positions; ++p) {
    scores[p] = std::exp(scores[p] - largest);
    sum += scores[p];
  }
  return sum;
}

template <class T>
void combine(const HeadCache& cache, std::uint32_t positions, float* weights, float factor,
             std::uint32_t head_dim, float* out) {
  for (std::size_t d = 0; d < head_dim; ++d) {
    float sum = 0.0f;
    for (std::size_t p = 0; p < positions; ++p) {
      sum += weights[p] * load(&value_number<T>(cache, p, d));
    }
    out[d] = sum * factor;
  }
}

constexpr std::int32_t weight_steps = 65535;

// The weights, times the scales of the values, are rounded to 16 bits of the largest of them, so
// that the sum too is one of integers.
void combine_i8(const HeadCache& cache, std::uint32_t positions, float* weights, float factor,
                std::uint32_t head_dim, float* out) {
  for (std::size_t p = 0; p < positions; ++p) weights[p] *= scale_of(cache.values, cache, p);
  const float largest = largest_magnitude(weights, positions);
  const float to_integer = largest > 0.0f ? float{weight_steps} / largest : 0.0f;
  const float from_integer = largest / float{weight_steps} * factor;
  for (std::size_t d = 0; d < head_dim; ++d) {
    std::int32_t high = 0, low = 0;  // Of the weights' upper and lower bytes.
    for (std::size_t p = 0; p < positions; ++p) {
      const std::int32_t weight = std::min(rounded(weights[p] * to_integer), weight_steps);
      const std::int32_t value = value_byte(cache, p, d);
      high += (weight >> 8) * value;
      low += (weight & 255) * value;
    }
    out[d] = (static_cast<float>(high) * 256.0f + static_cast<float>(low)) * from_integer;
  }
}

void rms_norm(const float* x, const float* weight, std::size_t n, float* out) {
  float squares = 0.0f;
  for (std::size_t i = 0; i < n; ++i) squares += x[i] * x[i];
  const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(n) + rms_epsilon);
  for (std::size_t i = 0; i < n; ++i) out[i] = x[i] * inverse * weight[i];
}

void rotate(float* x, const float* cosines, const float* sines, std::size_t half) {
  for (std::size_t j = 0; j < half; ++j) {
    const float a = x[j], b = x[j + half];
    x[j] = a * cosines[j] - b * sines[j];
    x[j + half] = a * sines[j] + b * cosines[j];
  }
}

void silu(float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = x[i] / (1.0f + std::exp(-x[i]));
}

void silu_multiply(const float* gate, const float* up, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void lstm(const float* gates, std::size_t n, float* cells, float* state) {
  const auto sigmoid = [](float x) { return 1.0f / (1.0f + std::exp(-x)); };
  for (std::size_t i = 0; i < n; ++i) {
    cells[i] = sigmoid(gates[n + i]) * cells[i] + sigmoid(gates[i]) * std::tanh(gates[2 * n + i]);
    state[i] = sigmoid(gates[3 * n + i]) * std::tanh(cells[i]);
  }
}

std::uint64_t read(const std::byte* from, std::size_t bytes) {
  const auto* words = reinterpret_cast<const std::uint64_t*>(from);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes / 8; ++i) sum ^= words[i];
  return sum;
}

}  // namespace

const Kernels scalar_kernels = {
    .name = "scalar",
    .prepare = {prepare<float>, prepare<BFloat16>, prepare_i8},
    .multiply = {multiply<float, 1>, multiply<BFloat16, 2>, multiply_i8},
    .store = {store<float>, store<BFloat16>, store_i8},
    .attend = {attend<scores<float>, exponentials, combine<float>>,
               attend<scores<BFloat16>, exponentials, combine<BFloat16>>,
               attend<scores_i8, exponentials, combine_i8>},
    .weight_steps = weight_steps,
    .rms_norm = rms_norm,
    .rotate = rotate,
    .silu = silu,
    .silu_multiply = silu_multiply,
    .lstm = lstm,
    .read = read,
};

}  // namespace antiphon::nn
