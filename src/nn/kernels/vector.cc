// SPDX-License-Identifier: Apache-2.0
// The kernels on Highway, compiled for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/vector.cc"
// Arrays of vectors need a size that the compiler knows.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

#include "nn/kernels/vector.h"

#include <algorithm>
#include <cmath>

#include "nn/kernels/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace antiphon::nn {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR
// Highway's way of saying that there are no vectors.
Kernels table() { return scalar_kernels; }
#else
namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::CappedTag<float, 16>;
using I32 = hn::RebindToSigned<F32>;
using U32 = hn::RebindToUnsigned<F32>;
using I16 = hn::RepartitionToNarrow<I32>;
using U8 = hn::Repartition<std::uint8_t, F32>;
using Float = hn::Vec<F32>;
using Int = hn::Vec<I32>;

constexpr std::size_t lanes = hn::MaxLanes(F32());
constexpr std::size_t tile_vectors = tile_outputs / lanes;

float inverse_or_zero(float scale) { return scale > 0.0f ? 1.0f / scale : 0.0f; }

/// The first `count` lanes from memory, the others zero. `count` may be more than there are lanes.
/// (Highway's masked loads may read past the end.)
Float load_some(const float* at, std::size_t count) {
  const F32 f;
  if (count >= lanes) return hn::LoadU(f, at);
  alignas(64) float buffer[lanes] = {};
  for (std::size_t i = 0; i < count; ++i) buffer[i] = at[i];
  return hn::Load(f, buffer);
}

void store_some(Float value, float* at, std::size_t count) {
  const F32 f;
  if (count >= lanes) return hn::StoreU(value, f, at);
  alignas(64) float buffer[lanes];
  hn::Store(value, f, buffer);
  for (std::size_t i = 0; i < count; ++i) at[i] = buffer[i];
}

float largest_magnitude(const float* x, std::size_t n) {
  const F32 f;
  Float largest = hn::Zero(f);
  for (std::size_t i = 0; i < n; i += lanes) {
    largest = hn::Max(largest, hn::Abs(load_some(x + i, n - i)));
  }
  return hn::GetLane(hn::MaxOfLanes(f, largest));
}

// ---- f32 and bf16 -----------------------------------------------------------------------------

/// `lanes` numbers of a cache as floats.
Float load_numbers(const float* at) { return hn::LoadU(F32(), at); }
Float load_numbers(const BFloat16* at) {
  const hn::Rebind<std::uint16_t, F32> narrow;
  const auto bits = hn::LoadU(narrow, reinterpret_cast<const std::uint16_t*>(at));
  return hn::BitCast(F32(), hn::ShiftLeft<16>(hn::PromoteTo(U32(), bits)));
}

void prepare_f32(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  auto* out = reinterpret_cast<float*>(operand + operand_header);
  std::copy(x, x + n, out);
  std::fill(out + n, out + inputs, 0.0f);
}

void prepare_bf16(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  auto* out = reinterpret_cast<BFloat16*>(operand + operand_header);
  for (std::size_t i = 0; i < n; ++i) out[i] = BFloat16::of(x[i]);
  std::fill(out + n, out + inputs, BFloat16{0});
}

/// Products of `rows` operands with `vectors` vectors of a tile's outputs. `Group` says how inputs
/// lie together and multiplies one group.
template <class Group, std::size_t rows, std::size_t vectors>
void multiply_block(const std::byte* tile, std::size_t groups, const std::byte* operands,
                    std::size_t stride, const float* scales, std::size_t outputs, float* y,
                    std::size_t y_stride, bool accumulate) {
  typename Group::Sum sum[rows][vectors];
  ANTIPHON_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) sum[r][v] = Group::start(operands + r * stride);
  }
  const std::byte* x = operands + operand_header;
  for (std::size_t g = 0; g < groups; ++g) {
    typename Group::Weights w[vectors];
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
      w[v] = Group::load(tile + v * lanes * Group::bytes);
    }
    ANTIPHON_UNROLL
    for (std::size_t r = 0; r < rows; ++r) {
      const auto number = Group::broadcast(x + r * stride);
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < vectors; ++v) {
        sum[r][v] = Group::add_product(sum[r][v], w[v], number);
      }
    }
    tile += tile_outputs * Group::bytes;
    x += Group::bytes;
  }
  ANTIPHON_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
      if (v * lanes >= outputs) break;
      float* out = y + r * y_stride + v * lanes;
      const std::size_t count = outputs - v * lanes;
      Float value = Group::finish(sum[r][v], operands + r * stride, scales, v * lanes);
      if (accumulate) value = hn::Add(load_some(out, count), value);
      store_some(value, out, count);
    }
  }
}

struct GroupF32 {
  using Sum = Float;
  using Weights = Float;
  static constexpr std::size_t bytes = 4;
  static Sum start(const std::byte*) { return hn::Zero(F32()); }
  static Weights load(const std::byte* at) {
    return hn::Load(F32(), reinterpret_cast<const float*>(at));
  }
  static Float broadcast(const std::byte* at) {
    return hn::Set(F32(), *reinterpret_cast<const float*>(at));
  }
  static Sum add_product(Sum sum, Weights w, Float x) { return hn::MulAdd(w, x, sum); }
  static Float finish(Sum sum, const std::byte*, const float*, std::size_t) { return sum; }
};

/// Two floats out of 32 bits: the lower half comes first in memory.
struct Pair {
  Float first, second;
};
Pair unpack(hn::Vec<U32> bits) {
  const F32 f;
  return {hn::BitCast(f, hn::ShiftLeft<16>(bits)),
          hn::BitCast(f, hn::And(bits, hn::Set(U32(), 0xffff0000u)))};
}

struct GroupBf16 {
  using Sum = Float;
  using Weights = Pair;
  static constexpr std::size_t bytes = 4;
  static Sum start(const std::byte*) { return hn::Zero(F32()); }
  static Weights load(const std::byte* at) {
    return unpack(hn::Load(U32(), reinterpret_cast<const std::uint32_t*>(at)));
  }
  static Pair broadcast(const std::byte* at) {
    return unpack(hn::Set(U32(), *reinterpret_cast<const std::uint32_t*>(at)));
  }
  static Sum add_product(Sum sum, const Weights& w, const Pair& x) {
    return hn::MulAdd(w.second, x.second, hn::MulAdd(w.first, x.first, sum));
  }
  static Float finish(Sum sum, const std::byte*, const float*, std::size_t) { return sum; }
};

template <class Group, std::size_t vectors>
void multiply(const PackedMatrix& w, std::size_t first_tile, std::size_t last_tile,
              const std::byte* operands, std::size_t operand_stride, std::size_t rows, float* y,
              std::size_t y_stride, bool accumulate) {
  const std::size_t groups = w.tile_bytes / (tile_outputs * Group::bytes);
  const auto run = [&](auto block, std::size_t tile, std::size_t vector, std::size_t r) {
    const std::size_t output = tile * tile_outputs + vector * lanes;
    if (output >= w.outputs) return;
    block(w.tiles + tile * w.tile_bytes + vector * lanes * Group::bytes, groups,
          operands + r * operand_stride, operand_stride, w.scales ? w.scales + output : nullptr,
          w.outputs - output, y + r * y_stride + output, y_stride, accumulate);
  };
  for (std::size_t tile = first_tile; tile < last_tile; ++tile) {
    std::size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      for (std::size_t v = 0; v < tile_vectors; v += vectors) {
        run(multiply_block<Group, 4, vectors>, tile, v, r);
      }
    }
    for (; r < rows; ++r) {
      constexpr std::size_t wide = tile_vectors < 8 ? tile_vectors : 8;
      for (std::size_t v = 0; v < tile_vectors; v += wide) {
        run(multiply_block<Group, 1, wide>, tile, v, r);
      }
    }
  }
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

/// x rounded to scale * integers, zeros from n to `padded`. Gives the integers' sum.
std::int32_t quantize(const float* x, std::size_t n, std::size_t padded, float inverse,
                      std::int8_t* out) {
  const F32 f;
  const hn::Rebind<std::int8_t, F32> bytes;
  const Float factor = hn::Set(f, inverse), most = hn::Set(f, 127.0f), least = hn::Set(f, -127.0f);
  Int sum = hn::Zero(I32());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Float value = hn::Mul(hn::LoadU(f, x + i), factor);
    const Int integer = hn::NearestInt(hn::Max(hn::Min(value, most), least));
    sum = hn::Add(sum, integer);
    hn::StoreU(hn::DemoteTo(bytes, integer), bytes, out + i);
  }
  std::int32_t total = hn::GetLane(hn::SumOfLanes(I32(), sum));
  for (; i < n; ++i) {
    const float value = std::clamp(x[i] * inverse, -127.0f, 127.0f);
    out[i] = static_cast<std::int8_t>(std::nearbyint(value));
    total += out[i];
  }
  std::fill(out + n, out + padded, std::int8_t{0});
  return total;
}

void prepare_i8(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  auto* header = reinterpret_cast<Operand*>(operand);
  header->scale = largest_magnitude(x, n) / 127.0f;
  header->sum = quantize(x, n, inputs, inverse_or_zero(header->scale),
                         reinterpret_cast<std::int8_t*>(operand + operand_header));
}

/// Four bytes in each 32 bits, as two 16-bit vectors: bytes 0 and 2, bytes 1 and 3.
struct Halves {
  hn::Vec<I16> even, odd;
};
Halves unsigned_halves(hn::Vec<I16> bytes) {
  const hn::RebindToUnsigned<I16> u16;
  return {hn::And(bytes, hn::Set(I16(), 0xff)),
          hn::BitCast(I16(), hn::ShiftRight<8>(hn::BitCast(u16, bytes)))};
}
Halves signed_halves(hn::Vec<I16> bytes) {
  return {hn::ShiftRight<8>(hn::ShiftLeft<8>(bytes)), hn::ShiftRight<8>(bytes)};
}
hn::Vec<I16> broadcast4(const void* at) {
  return hn::BitCast(I16(), hn::Set(I32(), *static_cast<const std::int32_t*>(at)));
}
hn::Vec<I16> load_bytes(const void* at) {
  return hn::BitCast(I16(), hn::Load(U8(), static_cast<const std::uint8_t*>(at)));
}

/// Running sums in each lane. What they are divided into is the machine's choice.
struct Sums {
  Int some, others;
};
Sums no_sums() { return {hn::Zero(I32()), hn::Zero(I32())}; }
Int total(const Sums& sums) { return hn::RearrangeToOddPlusEven(sums.some, sums.others); }

/// Adds four products in each lane.
Sums add_products(Sums sums, const Halves& a, const Halves& b) {
  const I32 i;
  sums.some = hn::ReorderWidenMulAccumulate(i, a.even, b.even, sums.some, sums.others);
  sums.some = hn::ReorderWidenMulAccumulate(i, a.odd, b.odd, sums.some, sums.others);
  return sums;
}

struct GroupI8 {
  using Sum = Sums;
  using Weights = Halves;
  static constexpr std::size_t bytes = 4;
  static const Operand& header(const std::byte* operand) {
    return *reinterpret_cast<const Operand*>(operand);
  }
  static Sum start(const std::byte*) { return no_sums(); }
  static Weights load(const std::byte* at) { return unsigned_halves(load_bytes(at)); }
  static Halves broadcast(const std::byte* at) { return signed_halves(broadcast4(at)); }
  static Sum add_product(const Sum& sum, const Weights& w, const Halves& x) {
    return add_products(sum, w, x);
  }
  static Float finish(const Sum& sum, const std::byte* operand, const float* scales,
                      std::size_t output) {
    const F32 f;
    const Operand& x = header(operand);
    // Weights are stored 128 too large: 128 * (sum of the operand) is what that adds.
    const Int product = hn::Sub(total(sum), hn::Set(I32(), 128 * x.sum));
    const Float scale = hn::Mul(hn::Set(f, x.scale), hn::Load(f, scales + output));
    return hn::Mul(hn::ConvertTo(f, product), scale);
  }
};

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

// ---- the rest ---------------------------------------------------------------------------------

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

template <auto scores_of, auto combine_with>
void attend(const HeadCache& cache, std::uint32_t positions, const float* queries,
            std::uint32_t count, std::uint32_t head_dim, float scale, float* scratch, float* out) {
  for (std::uint32_t q = 0; q < count; ++q) {
    scores_of(cache, positions, queries + q * head_dim, head_dim, scale, scratch);
    const float sum = exponentials(scratch, positions);
    combine_with(cache, positions, scratch, 1.0f / sum, head_dim, out + q * head_dim);
  }
}

void rms_norm(const float* x, const float* weight, std::size_t n, float* out) {
  const F32 f;
  Float squares = hn::Zero(f);
  for (std::size_t i = 0; i < n; i += lanes) {
    const Float value = load_some(x + i, n - i);
    squares = hn::MulAdd(value, value, squares);
  }
  const float mean = hn::GetLane(hn::SumOfLanes(f, squares)) / static_cast<float>(n);
  const Float inverse = hn::Set(f, 1.0f / std::sqrt(mean + 1e-5f));
  for (std::size_t i = 0; i < n; i += lanes) {
    const Float value = hn::Mul(load_some(x + i, n - i), inverse);
    store_some(hn::Mul(value, load_some(weight + i, n - i)), out + i, n - i);
  }
}

void rotate(float* x, const float* cosines, const float* sines, std::size_t half) {
  for (std::size_t j = 0; j < half; j += lanes) {
    const std::size_t count = half - j;
    const Float a = load_some(x + j, count), b = load_some(x + half + j, count);
    const Float c = load_some(cosines + j, count), s = load_some(sines + j, count);
    store_some(hn::NegMulAdd(b, s, hn::Mul(a, c)), x + j, count);
    store_some(hn::MulAdd(a, s, hn::Mul(b, c)), x + half + j, count);
  }
}

Float silu(Float x) {
  const F32 f;
  const Float one = hn::Set(f, 1.0f);
  // exp of more than 88 is infinite; the quotient is then 0 as it should be.
  return hn::Div(x, hn::Add(one, hn::Exp(f, hn::Neg(x))));
}

void silu_all(float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; i += lanes) {
    store_some(silu(load_some(x + i, n - i)), x + i, n - i);
  }
}

void silu_multiply(const float* gate, const float* up, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; i += lanes) {
    const Float value = hn::Mul(silu(load_some(gate + i, n - i)), load_some(up + i, n - i));
    store_some(value, out + i, n - i);
  }
}

Float sigmoid(Float x) {
  const F32 f;
  const Float one = hn::Set(f, 1.0f);
  return hn::Div(one, hn::Add(one, hn::Exp(f, hn::Neg(x))));
}

void lstm(const float* gates, std::size_t n, float* cells, float* state) {
  const F32 f;
  for (std::size_t i = 0; i < n; i += lanes) {
    const auto gate = [&](std::size_t k) { return load_some(gates + k * n + i, n - i); };
    const Float in = hn::Mul(sigmoid(gate(0)), hn::Tanh(f, gate(2)));
    const Float kept = hn::MulAdd(sigmoid(gate(1)), load_some(cells + i, n - i), in);
    store_some(kept, cells + i, n - i);
    store_some(hn::Mul(sigmoid(gate(3)), hn::Tanh(f, kept)), state + i, n - i);
  }
}

/// From two places at once, which the machine's prefetching follows a little faster than one.
std::uint64_t read(const std::byte* from, std::size_t bytes) {
  const U32 u;
  constexpr std::size_t step = lanes * 4;
  constexpr std::size_t sums = 256 / step < 4 ? 256 / step : 4;
  hn::Vec<U32> sum[2][sums];
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < sums; ++v) sum[0][v] = sum[1][v] = hn::Zero(u);
  const auto load = [&](std::size_t at) {
    return hn::Load(u, reinterpret_cast<const std::uint32_t*>(from + at));
  };
  const std::size_t half = bytes / (2 * sums * step) * (sums * step);
  for (std::size_t at = 0; at < half; at += sums * step) {
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < sums; ++v) {
      sum[0][v] = hn::Xor(sum[0][v], load(at + v * step));
      sum[1][v] = hn::Xor(sum[1][v], load(half + at + v * step));
    }
  }
  for (std::size_t at = 2 * half; at < bytes; at += step) sum[0][0] = hn::Xor(sum[0][0], load(at));
  hn::Vec<U32> total = hn::Zero(u);
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < sums; ++v) total = hn::Xor(total, hn::Xor(sum[0][v], sum[1][v]));
  return hn::GetLane(hn::SumOfLanes(u, total));
}

/// The table of this instruction set.
Kernels table() {
  // As many sums as registers allow: 32 of them from AVX-512 on, else 16.
  constexpr std::size_t vectors = lanes == 16 ? 4 : 2;
  return {.name = hwy::TargetName(HWY_TARGET),
          .prepare = {prepare_f32, prepare_bf16, prepare_i8},
          .multiply = {multiply<GroupF32, vectors>, multiply<GroupBf16, vectors>,
                       multiply<GroupI8, vectors>},
          .store = {store<float>, store<BFloat16>, store_i8},
          .attend = {attend<scores<float>, combine<float> >,
                     attend<scores<BFloat16>, combine<BFloat16> >, attend<scores_i8, combine_i8>},
          .rms_norm = rms_norm,
          .rotate = rotate,
          .silu = silu_all,
          .silu_multiply = silu_multiply,
          .lstm = lstm,
          .read = read};
}

#endif
}  // namespace HWY_NAMESPACE
}  // namespace antiphon::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace antiphon::nn {

HWY_EXPORT(table);

std::vector<Kernels> vector_kernels() {
  std::vector<Kernels> tables;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (target == HWY_SCALAR) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    tables.push_back(HWY_DYNAMIC_DISPATCH(table)());
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return tables;
}

}  // namespace antiphon::nn
#endif
