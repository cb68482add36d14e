// SPDX-License-Identifier: Apache-2.0
// 8-bit products for x86 with AVX-512 and VNNI. Compiled with those instructions on, so nothing
// that another file might share is defined or included here.
#include <immintrin.h>

#include "nn/kernels/kernels.h"
#include "nn/kernels/unroll.h"

namespace antiphon::nn {
namespace {

constexpr std::size_t lanes = 16;
constexpr std::size_t tile_vectors = tile_outputs / lanes;

const Operand& header_of(const std::byte* operand) {
  return *reinterpret_cast<const Operand*>(operand);
}

/// Four signed bytes, in every lane.
__m512i broadcast4(const void* bytes) { return _mm512_set1_epi32(*static_cast<const int*>(bytes)); }

float largest_magnitude(const float* x, std::size_t n) {
  __m512 largest = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    largest = _mm512_max_ps(largest, _mm512_abs_ps(_mm512_loadu_ps(x + i)));
  }
  if (i < n) {
    const auto mask = static_cast<__mmask16>((1u << (n - i)) - 1);
    largest = _mm512_max_ps(largest, _mm512_abs_ps(_mm512_maskz_loadu_ps(mask, x + i)));
  }
  return _mm512_reduce_max_ps(largest);
}

float inverse_or_zero(float scale) { return scale > 0.0f ? 1.0f / scale : 0.0f; }

/// x rounded to scale * integers, `padded` of them (a multiple of 4, with zeros from n on). Gives
/// their sum.
int quantize(const float* x, std::size_t n, std::size_t padded, float inverse, std::int8_t* out) {
  const __m512 factor = _mm512_set1_ps(inverse);
  const __m512i most = _mm512_set1_epi32(127), least = _mm512_set1_epi32(-127);
  __m512i sum = _mm512_setzero_si512();
  for (std::size_t i = 0; i < padded; i += lanes) {
    const std::size_t left = n > i ? n - i : 0, room = padded - i;
    const auto in = static_cast<__mmask16>(left >= lanes ? 0xffffu : (1u << left) - 1);
    const auto to = static_cast<__mmask16>(room >= lanes ? 0xffffu : (1u << room) - 1);
    const __m512 value = _mm512_mul_ps(_mm512_maskz_loadu_ps(in, x + i), factor);
    const __m512i integer =
        _mm512_max_epi32(_mm512_min_epi32(_mm512_cvtps_epi32(value), most), least);
    sum = _mm512_add_epi32(sum, integer);
    _mm512_mask_cvtepi32_storeu_epi8(out + i, to, integer);
  }
  return _mm512_reduce_add_epi32(sum);
}

void prepare(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  const float scale = largest_magnitude(x, n) / 127.0f;
  auto* integers = reinterpret_cast<std::int8_t*>(operand + operand_header);
  const int sum = quantize(x, n, inputs, inverse_or_zero(scale), integers);
  auto* header = reinterpret_cast<Operand*>(operand);
  header->scale = scale;
  header->sum = sum;
}

/// One tile for `rows` rows.
template <std::size_t rows>
void multiply_tile(const std::byte* tile, std::size_t groups, const std::byte* operands,
                   std::size_t stride, const float* scales, std::size_t outputs, float* y,
                   std::size_t y_stride, bool accumulate) {
  __m512i sum[rows][tile_vectors];
  ANTIPHON_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    // Weights are stored 128 too large: 128 * (sum of the operand) is what that adds.
    const __m512i start = _mm512_set1_epi32(-128 * header_of(operands + r * stride).sum);
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < tile_vectors; ++v) sum[r][v] = start;
  }
  const std::byte* x = operands + operand_header;
  for (std::size_t g = 0; g < groups; ++g) {
    __m512i w[tile_vectors];
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < tile_vectors; ++v) {
      w[v] = _mm512_load_si512(tile + v * 64);
    }
    ANTIPHON_UNROLL
    for (std::size_t r = 0; r < rows; ++r) {
      const __m512i bytes = broadcast4(x + r * stride);
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < tile_vectors; ++v) {
        sum[r][v] = _mm512_dpbusd_epi32(sum[r][v], w[v], bytes);
      }
    }
    tile += tile_outputs * 4;
    x += 4;
  }
  ANTIPHON_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    const __m512 operand_scale = _mm512_set1_ps(header_of(operands + r * stride).scale);
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < tile_vectors; ++v) {
      if (v * lanes >= outputs) break;
      const std::size_t left = outputs - v * lanes;
      const auto mask = static_cast<__mmask16>(left >= lanes ? 0xffffu : (1u << left) - 1);
      const __m512 scale = _mm512_mul_ps(operand_scale, _mm512_load_ps(scales + v * lanes));
      __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[r][v]), scale);
      float* out = y + r * y_stride + v * lanes;
      if (accumulate) value = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, out), value);
      _mm512_mask_storeu_ps(out, mask, value);
    }
  }
}

void multiply(const PackedMatrix& w, std::size_t first_tile, std::size_t last_tile,
              const std::byte* operands, std::size_t operand_stride, std::size_t rows, float* y,
              std::size_t y_stride, bool accumulate) {
  constexpr std::size_t block = 6;  // 24 sums, 4 weights and an operand of 32 registers.
  for (std::size_t t = first_tile; t < last_tile; ++t) {
    const std::byte* tile = w.tiles + t * w.tile_bytes;
    const std::size_t first = t * tile_outputs;
    const std::size_t outputs = w.outputs - first < tile_outputs ? w.outputs - first : tile_outputs;
    std::size_t r = 0;
    const auto run = [&](auto multiply_rows) {
      multiply_rows(tile, w.inputs / 4, operands + r * operand_stride, operand_stride,
                    w.scales + first, outputs, y + r * y_stride + first, y_stride, accumulate);
    };
    for (; r + block <= rows; r += block) run(multiply_tile<block>);
    switch (rows - r) {
      case 1:
        run(multiply_tile<1>);
        break;
      case 2:
        run(multiply_tile<2>);
        break;
      case 3:
        run(multiply_tile<3>);
        break;
      case 4:
        run(multiply_tile<4>);
        break;
      case 5:
        run(multiply_tile<5>);
        break;
      default:
        break;
    }
  }
}

constexpr std::size_t max_head_dim = 512;

/// The scales that follow a block's numbers.
float* scales_of(std::byte* block, const HeadCache& cache) {
  return reinterpret_cast<float*>(block + block_positions * cache.dim);
}

void store(const HeadCache& cache, std::uint32_t position, const float* key, const float* value,
           std::uint32_t head_dim) {
  alignas(64) std::int8_t k[max_head_dim], v[max_head_dim];
  const float key_scale = largest_magnitude(key, head_dim) / 127.0f;
  const float value_scale = largest_magnitude(value, head_dim) / 127.0f;
  quantize(key, head_dim, cache.dim, inverse_or_zero(key_scale), k);
  quantize(value, head_dim, cache.dim, inverse_or_zero(value_scale), v);

  std::byte* keys = cache.keys + position / block_positions * cache.block_bytes;
  std::byte* values = cache.values + position / block_positions * cache.block_bytes;
  const std::size_t lane = position % block_positions;
  scales_of(keys, cache)[lane] = key_scale;
  scales_of(values, cache)[lane] = value_scale;
  for (std::size_t d = 0; d < cache.dim; d += 4) {
    // Adding 128 to a byte is turning its highest bit over.
    *reinterpret_cast<std::uint32_t*>(keys + d * block_positions + lane * 4) =
        *reinterpret_cast<const std::uint32_t*>(k + d) ^ 0x80808080u;
  }
  std::byte* first = values + lane / 4 * 4 * cache.dim + lane % 4;
  for (std::size_t d = 0; d < cache.dim; ++d) first[d * 4] = static_cast<std::byte>(v[d]);
}

/// exp(x) for x <= 0, to 2 units of the last place: 2^n times a polynomial of the rest, Taylor's to
/// the seventh power.
__m512 exponential(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-104.0f));  // Below is zero in a float.
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  // ln 2 in two parts, so that the rest is exact.
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 y = _mm512_set1_ps(1.0f / 5040.0f);
  constexpr float factors[] = {1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f, 1.0f / 6.0f,
                               0.5f,          1.0f,          1.0f};
  for (const float factor : factors) {
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(factor));
  }
  return _mm512_scalef_ps(y, n);
}

__m512 largest_in_all(__m512 x) { return _mm512_set1_ps(_mm512_reduce_max_ps(x)); }

/// Blocks of a cache that are worked on together, so many that waiting for the largest score and
/// the heaviest weight of a group is little beside the work.
constexpr std::size_t group_blocks = 16;
/// Of these, blocks whose scores are taken together.
constexpr std::size_t score_blocks = 4;

/// The first `count` lanes.
__mmask16 first(std::size_t count) {
  return static_cast<__mmask16>(count >= lanes ? 0xffffu : (1u << count) - 1);
}

/// A query as bytes.
struct Query8 {
  const std::int8_t* numbers;
  __m512i start;  ///< Keys are stored 128 too large: this takes it away.
  __m512 factor;  ///< From integer products to scores, but for the key's scale.
};

/// Has a block's keys or values brought to the second-level cache.
void bring_near(const std::byte* numbers, const HeadCache& cache) {
  for (std::size_t at = 0; at < block_positions * (cache.dim + sizeof(float)); at += 64) {
    _mm_prefetch(numbers + at, _MM_HINT_T1);
  }
}

/// Scores of the 16 positions of each of `blocks` blocks.
template <std::size_t blocks>
void block_scores(std::byte* keys, const HeadCache& cache, const Query8& query, __m512* scores) {
  __m512i sum[blocks];
  ANTIPHON_UNROLL
  for (std::size_t b = 0; b < blocks; ++b) sum[b] = query.start;
  for (std::size_t d = 0; d < cache.dim; d += 4) {
    const __m512i numbers = broadcast4(query.numbers + d);
    ANTIPHON_UNROLL
    for (std::size_t b = 0; b < blocks; ++b) {
      const __m512i key = _mm512_load_si512(keys + b * cache.block_bytes + d * lanes);
      sum[b] = _mm512_dpbusd_epi32(sum[b], key, numbers);
    }
  }
  ANTIPHON_UNROLL
  for (std::size_t b = 0; b < blocks; ++b) {
    const __m512 scales = _mm512_load_ps(scales_of(keys + b * cache.block_bytes, cache));
    scores[b] = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[b]), _mm512_mul_ps(query.factor, scales));
  }
}

/// The weights of 16 positions, as the upper and lower bytes of 16-bit numbers.
struct alignas(32) Weights16 {
  std::uint8_t high[lanes];
  std::uint8_t low[lanes];
};

Weights16 split_weights(__m512 weights, __m512 to_integer) {
  const __m512i integer = _mm512_min_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(weights, to_integer)),
                                           _mm512_set1_epi32(65535));
  Weights16 split;
  _mm_store_si128(reinterpret_cast<__m128i*>(split.high),
                  _mm512_cvtepi32_epi8(_mm512_srli_epi32(integer, 8)));
  _mm_store_si128(reinterpret_cast<__m128i*>(split.low), _mm512_cvtepi32_epi8(integer));
  return split;
}

/// sums = sums * rescale + (weights . values) * factor, for `vectors` vectors of components.
template <std::size_t vectors>
void add_values(const std::byte* values, const HeadCache& cache, const Weights16* weights,
                std::size_t blocks, __m512 rescale, __m512 factor, float* sums) {
  __m512i high[vectors], low[vectors];
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) high[v] = low[v] = _mm512_setzero_si512();
  for (std::size_t b = 0; b < blocks; ++b) {
    ANTIPHON_UNROLL
    for (std::size_t p = 0; p < lanes; p += 4) {
      const __m512i high4 = broadcast4(weights[b].high + p), low4 = broadcast4(weights[b].low + p);
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < vectors; ++v) {
        const __m512i value = _mm512_load_si512(values + p * cache.dim + v * 64);
        high[v] = _mm512_dpbusd_epi32(high[v], high4, value);
        low[v] = _mm512_dpbusd_epi32(low[v], low4, value);
      }
    }
    values += cache.block_bytes;
  }
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) {
    const __m512 sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(high[v]), _mm512_set1_ps(256.0f),
                                       _mm512_cvtepi32_ps(low[v]));
    const __m512 before = _mm512_mul_ps(_mm512_load_ps(sums + v * lanes), rescale);
    _mm512_store_ps(sums + v * lanes, _mm512_fmadd_ps(sum, factor, before));
  }
}

// One pass over the cache, 256 positions at a time, with a running largest score to which all sums
// so far are rescaled when it grows (Milakov and Gimelshein 2018). The values' weights, probability
// times scale, are rounded to 16 bits of the largest of the 256, so that their sum too is one of
// integers.
void attend(const HeadCache& cache, std::uint32_t positions, const float* query,
            std::uint32_t head_dim, float scale, float*, float* out) {
  alignas(64) std::int8_t numbers[max_head_dim];
  alignas(64) float sums[max_head_dim];
  const float query_scale = largest_magnitude(query, head_dim) / 127.0f;
  const int query_sum = quantize(query, head_dim, cache.dim, inverse_or_zero(query_scale), numbers);
  const Query8 query8{numbers, _mm512_set1_epi32(-128 * query_sum),
                      _mm512_set1_ps(query_scale * scale)};
  for (std::size_t d = 0; d < cache.dim; d += lanes) _mm512_store_ps(sums + d, _mm512_setzero_ps());

  const __m512 none = _mm512_set1_ps(-3.0e38f);
  __m512 largest = none, total = _mm512_setzero_ps();
  for (std::size_t p = 0; p < positions; p += group_blocks * lanes) {
    std::byte* keys = cache.keys + p / lanes * cache.block_bytes;
    std::byte* values = cache.values + p / lanes * cache.block_bytes;
    const std::size_t left = (positions - p + lanes - 1) / lanes;
    const std::size_t blocks = left < group_blocks ? left : group_blocks;

    __m512 weights[group_blocks];
    const __m512 before = largest;
    std::size_t scored = 0;
    for (; scored + score_blocks <= blocks; scored += score_blocks) {
      // With sums in between, the machine doesn't see by itself where the reading goes on.
      for (std::size_t b = scored; cache.far && b < scored + score_blocks; ++b) {
        bring_near(values + b * cache.block_bytes, cache);
        bring_near(keys + (b + score_blocks) * cache.block_bytes, cache);
      }
      block_scores<score_blocks>(keys + scored * cache.block_bytes, cache, query8,
                                 weights + scored);
    }
    for (; scored < blocks; ++scored) {
      block_scores<1>(keys + scored * cache.block_bytes, cache, query8, weights + scored);
    }
    // What lies past the last position was never written.
    weights[blocks - 1] =
        _mm512_mask_mov_ps(none, first(positions - p - (blocks - 1) * lanes), weights[blocks - 1]);
    for (std::size_t b = 0; b < blocks; ++b) largest = _mm512_max_ps(largest, weights[b]);
    largest = largest_in_all(largest);
    const __m512 rescale = exponential(_mm512_sub_ps(before, largest));
    total = _mm512_mul_ps(total, rescale);
    __m512 heaviest = _mm512_setzero_ps();
    for (std::size_t b = 0; b < blocks; ++b) {
      const __m512 power = exponential(_mm512_sub_ps(weights[b], largest));
      total = _mm512_add_ps(total, power);
      const float* scales = scales_of(values + b * cache.block_bytes, cache);
      weights[b] = _mm512_mul_ps(power, _mm512_load_ps(scales));
      heaviest = _mm512_max_ps(heaviest, weights[b]);
    }
    const float most = _mm512_reduce_max_ps(heaviest);
    const __m512 to_integer = _mm512_set1_ps(most > 0.0f ? 65535.0f / most : 0.0f);
    const __m512 from_integer = _mm512_set1_ps(most / 65535.0f);
    Weights16 split[group_blocks];
    for (std::size_t b = 0; b < blocks; ++b) split[b] = split_weights(weights[b], to_integer);

    for (std::size_t d = 0; d < cache.dim; d += 4 * lanes) {
      const auto run = [&](auto add) {
        add(values + d * 4, cache, split, blocks, rescale, from_integer, sums + d);
      };
      switch (cache.dim - d) {
        case lanes:
          run(add_values<1>);
          break;
        case 2 * lanes:
          run(add_values<2>);
          break;
        case 3 * lanes:
          run(add_values<3>);
          break;
        default:
          run(add_values<4>);
          break;
      }
    }
  }
  const __m512 inverse = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(total));
  for (std::size_t d = 0; d < head_dim; d += lanes) {
    _mm512_mask_storeu_ps(out + d, first(head_dim - d),
                          _mm512_mul_ps(_mm512_load_ps(sums + d), inverse));
  }
}

}  // namespace

extern const Int8Kernels vnni_kernels;
const Int8Kernels vnni_kernels = {prepare, multiply, store, attend};

}  // namespace antiphon::nn
