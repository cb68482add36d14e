// SPDX-License-Identifier: Apache-2.0
// Attention on Highway, compiled for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/vector_attention.cc"
#include "nn/kernels/vector.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "nn/kernels/vector-inl.h"
// clang-format on
#include <hwy/contrib/math/math-inl.h>

#include "nn/kernels/attend.h"

HWY_BEFORE_NAMESPACE();
namespace antiphon::nn {
namespace HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR

// ---- f32 and bf16 -----------------------------------------------------------------------------

/// `lanes` numbers of a cache as floats.
Float load_numbers(const float* at) { return hn::LoadU(F32(), at); }
Float load_numbers(const BFloat16* at) {
  const hn::Rebind<std::uint16_t, F32> narrow;
  const auto bits = hn::LoadU(narrow, reinterpret_cast<const std::uint16_t*>(at));
  return hn::BitCast(F32(), hn::ShiftLeft<16>(hn::PromoteTo(U32(), bits)));
}

template <class T>
void put(float value, T* at);
template <>
[[maybe_unused]] void put(float value, float* at) {
  *at = value;
}
template <>
[[maybe_unused]] void put(float value, BFloat16* at) {
  *at = BFloat16::of(value);
}

template <class T>
T* block_at(std::byte* blocks, const HeadCache& cache, std::size_t block) {
  return reinterpret_cast<T*>(blocks + block * cache.block_bytes);
}

constexpr std::size_t block_vectors = block_positions / lanes;

template <class T>
void store(const HeadCache& cache, std::uint32_t position, const float* key, const float* value,
           std::uint32_t head_dim) {
  const std::size_t block = position / block_positions, lane = position % block_positions;
  T* keys = block_at<T>(cache.keys, cache, block) + lane;
  T* values = block_at<T>(cache.values, cache, block) + lane * cache.dim;
  for (std::size_t d = 0; d < head_dim; ++d) {
    put(key[d], keys + d * block_positions);
    put(value[d], values + d);
  }
}

template <class T>
void scores(const HeadCache& cache, std::uint32_t positions, const float* query,
            std::uint32_t head_dim, float scale, float* out) {
  const F32 f;
  for (std::size_t p = 0; p < positions; p += block_positions) {
    const T* keys = block_at<T>(cache.keys, cache, p / block_positions);
    Float sum[block_vectors];
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < block_vectors; ++v) sum[v] = hn::Zero(f);
    for (std::size_t d = 0; d < head_dim; ++d) {
      const Float q = hn::Set(f, query[d]);
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < block_vectors; ++v) {
        sum[v] = hn::MulAdd(q, load_numbers(keys + d * block_positions + v * lanes), sum[v]);
      }
    }
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < block_vectors; ++v) {
      hn::StoreU(hn::Mul(sum[v], hn::Set(f, scale)), f, out + p + v * lanes);
    }
  }
}

/// `vectors` vectors of components from `d` on.
template <class T, std::size_t vectors>
void combine_vectors(const HeadCache& cache, std::uint32_t positions, const float* weights,
                     float factor, std::uint32_t head_dim, std::size_t d, float* out) {
  const F32 f;
  Float sum[vectors];
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) sum[v] = hn::Zero(f);
  for (std::size_t p = 0; p < positions; ++p) {
    const Float weight = hn::Set(f, weights[p]);
    const T* value =
        block_at<T>(cache.values, cache, p / block_positions) + p % block_positions * cache.dim + d;
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
      sum[v] = hn::MulAdd(weight, load_numbers(value + v * lanes), sum[v]);
    }
  }
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) {
    const std::size_t at = d + v * lanes;
    if (at >= head_dim) break;
    store_some(hn::Mul(sum[v], hn::Set(f, factor)), out + at, head_dim - at);
  }
}

template <class T>
void combine(const HeadCache& cache, std::uint32_t positions, float* weights, float factor,
             std::uint32_t head_dim, float* out) {
  constexpr std::size_t few = block_vectors, many = lanes == 4 ? 8 : 4;
  std::size_t d = 0;
  for (; d + many * lanes <= cache.dim; d += many * lanes) {
    combine_vectors<T, many>(cache, positions, weights, factor, head_dim, d, out);
  }
  for (; d < cache.dim; d += few * lanes) {
    combine_vectors<T, few>(cache, positions, weights, factor, head_dim, d, out);
  }
}

// ---- int8 -------------------------------------------------------------------------------------

constexpr std::size_t max_head_dim = 512;

/// The scales that follow a block's numbers.
float* scales_of(std::byte* blocks, const HeadCache& cache, std::size_t block) {
  return reinterpret_cast<float*>(blocks + block * cache.block_bytes + block_positions * cache.dim);
}

void store_i8(const HeadCache& cache, std::uint32_t position, const float* key, const float* value,
              std::uint32_t head_dim) {
  std::int8_t k[max_head_dim], v[max_head_dim];
  const float key_scale = largest_magnitude(key, head_dim) / 127.0f;
  const float value_scale = largest_magnitude(value, head_dim) / 127.0f;
  quantize(key, head_dim, cache.dim, inverse_or_zero(key_scale), k);
  quantize(value, head_dim, cache.dim, inverse_or_zero(value_scale), v);

  const std::size_t block = position / block_positions, lane = position % block_positions;
  scales_of(cache.keys, cache, block)[lane] = key_scale;
  scales_of(cache.values, cache, block)[lane] = value_scale;
  auto* keys = block_at<std::uint8_t>(cache.keys, cache, block) + lane * 4;
  auto* values =
      block_at<std::int8_t>(cache.values, cache, block) + lane / 4 * 4 * cache.dim + lane % 4;
  for (std::size_t d = 0; d < cache.dim; ++d) {
    keys[d / 4 * block_positions * 4 + d % 4] = static_cast<std::uint8_t>(k[d] + 128);
    values[d * 4] = v[d];
  }
}

void scores_i8(const HeadCache& cache, std::uint32_t positions, const float* query,
               std::uint32_t head_dim, float scale, float* out) {
  const F32 f;
  alignas(64) std::int8_t q[max_head_dim];
  const float query_scale = largest_magnitude(query, head_dim) / 127.0f;
  const std::int32_t query_sum =
      quantize(query, head_dim, cache.dim, inverse_or_zero(query_scale), q);
  const Int excess = hn::Set(I32(), 128 * query_sum);
  const Float factor = hn::Set(f, query_scale * scale);
  for (std::size_t p = 0; p < positions; p += block_positions) {
    const std::size_t block = p / block_positions;
    const std::byte* keys = cache.keys + block * cache.block_bytes;
    Sums sum[block_vectors];
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < block_vectors; ++v) sum[v] = no_sums();
    for (std::size_t d = 0; d < cache.dim; d += 4) {
      const Halves bytes = signed_halves(broadcast4(q + d));
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < block_vectors; ++v) {
        const auto key = load_bytes(keys + d * block_positions + v * lanes * 4);
        sum[v] = add_products(sum[v], unsigned_halves(key), bytes);
      }
    }
    const float* scales = scales_of(cache.keys, cache, block);
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < block_vectors; ++v) {
      const Float product = hn::ConvertTo(f, hn::Sub(total(sum[v]), excess));
      const Float key_scale = hn::Mul(factor, hn::LoadU(f, scales + v * lanes));
      hn::StoreU(hn::Mul(product, key_scale), f, out + p + v * lanes);
    }
  }
}

/// The weights of four positions as the upper and lower bytes of 16-bit numbers.
struct Weights4 {
  std::uint8_t high[4];
  std::uint8_t low[4];
};

void combine_i8(const HeadCache& cache, std::uint32_t positions, float* weights, float factor,
                std::uint32_t head_dim, float* out) {
  const F32 f;
  const std::size_t padded = (positions + 3) / 4 * 4;
  float most = 0.0f;
  for (std::size_t p = 0; p < padded; ++p) {
    const float* scales = scales_of(cache.values, cache, p / block_positions);
    weights[p] = p < positions ? weights[p] * scales[p % block_positions] : 0.0f;
    most = std::max(most, weights[p]);
  }
  const float to_integer = most > 0.0f ? 65535.0f / most : 0.0f;
  for (std::size_t p = 0; p < padded; p += 4) {  // In place: 4 floats become 4 + 4 bytes.
    Weights4 split;
    for (std::size_t i = 0; i < 4; ++i) {
      const float rounded = std::nearbyint(weights[p + i] * to_integer);
      const auto integer = static_cast<std::uint32_t>(std::min(rounded, 65535.0f));
      split.high[i] = static_cast<std::uint8_t>(integer >> 8);
      split.low[i] = static_cast<std::uint8_t>(integer);
    }
    *reinterpret_cast<Weights4*>(weights + p) = split;
  }
  const Float from_integer = hn::Set(f, most / 65535.0f * factor);

  constexpr std::size_t vectors = block_vectors;  // `dim` is a multiple of 16.
  for (std::size_t d = 0; d < head_dim; d += 16) {
    Sums high[vectors], low[vectors];
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) high[v] = low[v] = no_sums();
    for (std::size_t p = 0; p < padded; p += 4) {
      const auto* split = reinterpret_cast<const Weights4*>(weights + p);
      const std::byte* values = cache.values + p / block_positions * cache.block_bytes +
                                p % block_positions * cache.dim + d * 4;
      const Halves high4 = unsigned_halves(broadcast4(split->high));
      const Halves low4 = unsigned_halves(broadcast4(split->low));
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < vectors; ++v) {
        const Halves value = signed_halves(load_bytes(values + v * lanes * 4));
        high[v] = add_products(high[v], value, high4);
        low[v] = add_products(low[v], value, low4);
      }
    }
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
      if (d + v * lanes >= head_dim) break;
      const Float sum = hn::MulAdd(hn::ConvertTo(f, total(high[v])), hn::Set(f, 256.0f),
                                   hn::ConvertTo(f, total(low[v])));
      store_some(hn::Mul(sum, from_integer), out + d + v * lanes, head_dim - d - v * lanes);
    }
  }
}

// ---- softmax ----------------------------------------------------------------------------------

float exponentials(float* scores, std::uint32_t positions) {
  const F32 f;
  const float lowest = -3.0e38f;
  Float largest = hn::Set(f, lowest);
  for (std::size_t p = 0; p < positions; p += lanes) {
    const auto mask = hn::FirstN(f, positions - p);
    largest = hn::Max(largest, hn::IfThenElse(mask, hn::LoadU(f, scores + p), hn::Set(f, lowest)));
  }
  const Float most = hn::MaxOfLanes(f, largest);
  Float sum = hn::Zero(f);
  for (std::size_t p = 0; p < positions; p += lanes) {
    const Float power = hn::Exp(f, hn::Sub(hn::LoadU(f, scores + p), most));
    const Float value = hn::IfThenElseZero(hn::FirstN(f, positions - p), power);
    sum = hn::Add(sum, value);
    hn::StoreU(value, f, scores + p);
  }
  return hn::GetLane(hn::SumOfLanes(f, sum));
}

Attention attention() {
  return {.store = {store<float>, store<BFloat16>, store_i8},
          .attend = {attend<scores<float>, exponentials, combine<float>>,
                     attend<scores<BFloat16>, exponentials, combine<BFloat16>>,
                     attend<scores_i8, exponentials, combine_i8>}};
}

#endif
}  // namespace HWY_NAMESPACE
}  // namespace antiphon::nn
HWY_AFTER_NAMESPACE();
