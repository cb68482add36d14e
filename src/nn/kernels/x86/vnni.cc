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

/// Asks for the next head's memory while this one's is worked on, a part (the keys of a block, or
/// its values) for a part, into the second-level cache. Left to the machine, each head would start
/// at the memory's latency and end before the stream is up to speed: a third of the rate.
class Lookahead {
 public:
  /// `parts_before` have been asked for.
  Lookahead(const HeadCache& cache, std::size_t parts_before)
      : at_(cache.next ? cache.next + parts_before * (cache.block_bytes / 2) : nullptr),
        part_bytes_(cache.block_bytes / 2) {}

  void next_part() {
    if (!at_) return;
    for (std::size_t line = 0; line < part_bytes_; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(at_ + line), _MM_HINT_T1);
    }
    at_ += part_bytes_;
  }

 private:
  const std::byte* at_;
  std::size_t part_bytes_;
};

void scores(const HeadCache& cache, std::uint32_t positions, const float* query,
            std::uint32_t head_dim, float scale, float* out) {
  alignas(64) std::int8_t q[max_head_dim];
  const float query_scale = largest_magnitude(query, head_dim) / 127.0f;
  const int query_sum = quantize(query, head_dim, cache.dim, inverse_or_zero(query_scale), q);
  const __m512i start = _mm512_set1_epi32(-128 * query_sum);
  const __m512 factor = _mm512_set1_ps(query_scale * scale);
  const std::size_t blocks = (positions + lanes - 1) / lanes;
  Lookahead lookahead(cache, 0);
  for (std::size_t b = 0; b < blocks; ++b) {
    std::byte* keys = cache.keys + b * cache.block_bytes;
    lookahead.next_part();
    __m512i sum[4] = {start, _mm512_setzero_si512(), _mm512_setzero_si512(),
                      _mm512_setzero_si512()};
    for (std::size_t d = 0; d < cache.dim; d += 16) {
      ANTIPHON_UNROLL
      for (std::size_t i = 0; i < 4; ++i) {
        const __m512i key = _mm512_load_si512(keys + (d + 4 * i) * lanes);
        sum[i] = _mm512_dpbusd_epi32(sum[i], key, broadcast4(q + d + 4 * i));
      }
    }
    const __m512i total =
        _mm512_add_epi32(_mm512_add_epi32(sum[0], sum[1]), _mm512_add_epi32(sum[2], sum[3]));
    const __m512 key_scale = _mm512_mul_ps(factor, _mm512_load_ps(scales_of(keys, cache)));
    _mm512_store_ps(out + b * lanes, _mm512_mul_ps(_mm512_cvtepi32_ps(total), key_scale));
  }
}

/// The weights of 16 positions, as the upper and lower bytes of 16-bit numbers.
struct Weights16 {
  std::uint8_t high[lanes];
  std::uint8_t low[lanes];
};

/// Puts the integers of 16 positions where their floats were.
void split_weights(float* weights, __m512 to_integer) {
  const __m512 value = _mm512_mul_ps(_mm512_load_ps(weights), to_integer);
  const __m512i integer = _mm512_min_epi32(_mm512_cvtps_epi32(value), _mm512_set1_epi32(65535));
  auto* split = reinterpret_cast<Weights16*>(weights);
  _mm_store_si128(reinterpret_cast<__m128i*>(split->high),
                  _mm512_cvtepi32_epi8(_mm512_srli_epi32(integer, 8)));
  _mm_store_si128(reinterpret_cast<__m128i*>(split->low), _mm512_cvtepi32_epi8(integer));
}

/// `vectors` vectors of components, summed over all blocks of 16 positions.
template <std::size_t vectors>
void combine_vectors(const std::byte* values, const HeadCache& cache, std::size_t blocks,
                     const float* weights, float factor, std::size_t components, float* out) {
  Lookahead lookahead(cache, blocks);
  __m512i high[vectors], low[vectors];
  ANTIPHON_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) high[v] = low[v] = _mm512_setzero_si512();
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto* split = reinterpret_cast<const Weights16*>(weights + b * lanes);
    lookahead.next_part();
    ANTIPHON_UNROLL
    for (std::size_t p = 0; p < lanes; p += 4) {
      const __m512i high4 = broadcast4(split->high + p), low4 = broadcast4(split->low + p);
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
    if (v * lanes >= components) break;
    const std::size_t left = components - v * lanes;
    const auto mask = static_cast<__mmask16>(left >= lanes ? 0xffffu : (1u << left) - 1);
    const __m512 sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(high[v]), _mm512_set1_ps(256.0f),
                                       _mm512_cvtepi32_ps(low[v]));
    _mm512_mask_storeu_ps(out + v * lanes, mask, _mm512_mul_ps(sum, _mm512_set1_ps(factor)));
  }
}

void combine(const HeadCache& cache, std::uint32_t positions, float* weights, float factor,
             std::uint32_t head_dim, float* out) {
  const std::size_t blocks = (positions + lanes - 1) / lanes;
  for (std::size_t p = positions; p < blocks * lanes; ++p) weights[p] = 0.0f;
  __m512 largest = _mm512_setzero_ps();
  for (std::size_t b = 0; b < blocks; ++b) {
    const float* scales = scales_of(cache.values + b * cache.block_bytes, cache);
    const __m512 weight =
        _mm512_mul_ps(_mm512_load_ps(weights + b * lanes), _mm512_load_ps(scales));
    largest = _mm512_max_ps(largest, weight);
    _mm512_store_ps(weights + b * lanes, weight);
  }
  const float most = _mm512_reduce_max_ps(largest);
  const __m512 to_integer = _mm512_set1_ps(most > 0.0f ? 65535.0f / most : 0.0f);
  for (std::size_t b = 0; b < blocks; ++b) split_weights(weights + b * lanes, to_integer);
  const float from_integer = most / 65535.0f * factor;

  for (std::size_t d = 0; d < cache.dim; d += 4 * lanes) {
    const auto run = [&](auto vectors) {
      vectors(cache.values + d * 4, cache, blocks, weights, from_integer, head_dim - d, out + d);
    };
    switch (cache.dim - d) {
      case lanes:
        run(combine_vectors<1>);
        break;
      case 2 * lanes:
        run(combine_vectors<2>);
        break;
      case 3 * lanes:
        run(combine_vectors<3>);
        break;
      default:
        run(combine_vectors<4>);
        break;
    }
  }
}

}  // namespace

extern const Int8Kernels vnni_kernels;
const Int8Kernels vnni_kernels = {prepare, multiply, store, scores, combine};

}  // namespace antiphon::nn
