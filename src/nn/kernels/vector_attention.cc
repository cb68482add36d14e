// SPDX-License-Identifier: Apache-2.0
// Attention on Highway, compiled for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/vector_attention.cc"
#include "nn/kernels/vector.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
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
constexpr std::size_t ahead = 4;  // Blocks that are asked for before they are read.
constexpr std::int32_t weight_steps = 32767;

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
  std::int8_t q[max_head_dim];
  std::int32_t pairs[max_head_dim / 2];
  const float query_scale = largest_magnitude(query, head_dim) / 127.0f;
  const std::int32_t query_sum =
      quantize(query, head_dim, cache.dim, inverse_or_zero(query_scale), q);
  write_pairs(q, cache.dim, pairs);
  const Int excess = hn::Set(I32(), 128 * query_sum);
  const Float factor = hn::Set(f, query_scale * scale);
  for (std::size_t p = 0; p < positions; p += block_positions) {
    const std::size_t block = p / block_positions;
    const std::byte* keys = cache.keys + block * cache.block_bytes;
    for (std::size_t i = 0; i < cache.block_bytes; i += 64) {
      hwy::Prefetch(keys + ahead * cache.block_bytes + i);
    }
    Sums sum[block_vectors];
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < block_vectors; ++v) sum[v] = no_sums();
    for (std::size_t d = 0; d < cache.dim; d += 4) {
      const Halves numbers = broadcast_halves(pairs + d / 2);
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < block_vectors; ++v) {
        const auto key = load_bytes(keys + d * block_positions + v * lanes * 4);
        sum[v] = add_products(sum[v], unsigned_halves(key), numbers);
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

/// The weights, times the scales of the values, as integers of up to 15 bits; in place: four floats
/// become two pairs for `broadcast_halves` and two that nobody reads. Gives what they are parts of.
float split_weights(const HeadCache& cache, std::uint32_t positions, float* weights) {
  const F32 f;
  Float most = hn::Zero(f);
  for (std::size_t p = 0; p < positions; p += lanes) {
    const float* scales = scales_of(cache.values, cache, p / block_positions);
    const Float weight =
        hn::Mul(hn::LoadU(f, weights + p), hn::LoadU(f, scales + p % block_positions));
    const Float real = hn::IfThenElseZero(hn::FirstN(f, positions - p), weight);
    most = hn::Max(most, real);
    hn::StoreU(real, f, weights + p);
  }
  const float largest = hn::GetLane(hn::MaxOfLanes(f, most));
  const Float to_integer = hn::Set(f, largest > 0.0f ? float{weight_steps} / largest : 0.0f);
  for (std::size_t p = 0; p < positions; p += lanes) {
    const Int integer = hn::NearestInt(hn::Mul(hn::LoadU(f, weights + p), to_integer));
    const Int pairs = hn::Or(integer, hn::ShiftLeft<16>(hn::Shuffle1032(integer)));
    hn::StoreU(hn::BitCast(f, pairs), f, weights + p);
  }
  return largest / float{weight_steps};
}

/// Adds the values of the positions [first, last), weighed, to sums[d] of `vectors` vectors of
/// components.
template <std::size_t vectors>
void add_values(const HeadCache& cache, std::size_t first, std::size_t last, const float* weights,
                std::size_t d, float* sums) {
  Sums sum[vectors];
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) sum[v] = no_sums();
  for (std::size_t p = first; p < last; p += 4) {
    const Halves weight = broadcast_halves(reinterpret_cast<const std::int32_t*>(weights + p));
    const std::byte* values = cache.values + p / block_positions * cache.block_bytes +
                              p % block_positions * cache.dim + d * 4;
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
      const Halves value = signed_halves(load_bytes(values + v * lanes * 4));
      sum[v] = add_products(sum[v], value, weight);
    }
  }
  const F32 f;
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) {
    float* to = sums + d + v * lanes;
    hn::StoreU(hn::Add(hn::LoadU(f, to), hn::ConvertTo(f, total(sum[v]))), f, to);
  }
}

// So many that 15 bits times 7 bits fit a sum of 32.
constexpr std::size_t positions_a_sum = 512;

void combine_i8(const HeadCache& cache, std::uint32_t positions, float* weights, float factor,
                std::uint32_t head_dim, float* out) {
  const F32 f;
  const Float from_integer = hn::Set(f, split_weights(cache, positions, weights) * factor);
  float sums[max_head_dim] = {};
  constexpr std::size_t few = block_vectors, many = lanes == 16 ? 4 : 8;
  for (std::size_t first = 0; first < positions; first += positions_a_sum) {
    const std::size_t last = std::min<std::size_t>(positions, first + positions_a_sum);
    std::size_t d = 0;
    for (; d + many * lanes <= cache.dim; d += many * lanes) {
      add_values<many>(cache, first, last, weights, d, sums);
    }
    for (; d < cache.dim; d += few * lanes) {
      add_values<few>(cache, first, last, weights, d, sums);
    }
  }
  for (std::size_t d = 0; d < head_dim; d += lanes) {
    store_some(hn::Mul(hn::LoadU(f, sums + d), from_integer), out + d, head_dim - d);
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
                     attend<scores_i8, exponentials, combine_i8>},
          .weight_steps = weight_steps};
}

#endif
}  // namespace HWY_NAMESPACE
}  // namespace antiphon::nn
HWY_AFTER_NAMESPACE();
