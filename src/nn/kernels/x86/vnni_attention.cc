// SPDX-License-Identifier: Apache-2.0
// Attention over 8-bit keys and values for x86 with AVX-512 and VNNI.
#include "nn/kernels/unroll.h"
#include "nn/kernels/x86/int8.h"

namespace antiphon::nn {
namespace {

constexpr std::size_t max_head_dim = 512;

/// The scales that follow a block's numbers.
float* scales_of(std::byte* block, const HeadCache& cache) {
  return reinterpret_cast<float*>(block + block_positions * cache.dim);
}

/// Keeps in a register what the compiler would load once more for each use.
void keep(__m512i& x) { asm("" : "+v"(x)); }

/// 2^x for x <= 0, to 2 units of the last place: Taylor's polynomial to the seventh power of what
/// is left of x by its integer.
inline __m512 power_of_2(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(x, 0);
  const __m512 r = _mm512_sub_ps(x, n);
  constexpr float factors[] = {1.5403530e-4f, 1.3333558e-3f, 9.6181291e-3f, 5.5504109e-2f,
                               2.4022651e-1f, 6.9314718e-1f, 1.0f};
  __m512 y = _mm512_set1_ps(1.5252734e-5f);
  ANTIPHON_UNROLL
  for (const float factor : factors) y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(factor));
  return _mm512_scalef_ps(y, n);
}

/// Blocks of a cache that are worked on together, so many that waiting for the largest score and
/// the heaviest weight of a group is little beside the work.
constexpr std::size_t group_blocks = 64;
/// Of these, blocks whose scores are taken together, and whose weights lie together.
constexpr std::size_t quad = 4;

/// The scores, then the weights of a group's positions.
using Group = __m512[group_blocks];

/// One of some queries that share keys and values, and what has been summed for it so far.
struct Query {
  alignas(64) std::int8_t numbers[max_head_dim];
  alignas(64) float sums[max_head_dim];  ///< Of the values.
  __m512i start;                         ///< Keys are stored 128 too large: this takes it away.
  __m512 factor;   ///< From integer products to scores in powers of 2, but for the key's scale.
  __m512 largest;  ///< Score so far, in all lanes.
  __m512 total;    ///< Of the weights.

  void begin(const float* x, std::uint32_t head_dim, std::uint32_t dim, float scale) {
    const float own_scale = largest_magnitude(x, head_dim) / 127.0f;
    const int sum = quantize(x, head_dim, dim, inverse_or_zero(own_scale), numbers);
    constexpr float log2_e = 1.44269504f;
    start = _mm512_set1_epi32(-128 * sum);
    factor = _mm512_set1_ps(own_scale * scale * log2_e);
    largest = _mm512_set1_ps(-3.0e38f);
    total = _mm512_setzero_ps();
    for (std::size_t d = 0; d < dim; d += lanes) _mm512_store_ps(sums + d, _mm512_setzero_ps());
  }

  void finish(std::uint32_t head_dim, float* out) const {
    const __m512 inverse = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(total));
    for (std::size_t d = 0; d < head_dim; d += lanes) {
      _mm512_mask_storeu_ps(out + d, first(head_dim - d),
                            _mm512_mul_ps(_mm512_load_ps(sums + d), inverse));
    }
  }
};

/// Scores of the 16 positions of each of `blocks` blocks, to scores[query][block].
template <std::size_t queries, std::size_t blocks>
void block_scores(std::byte* keys, const HeadCache& cache, const Query* query, std::size_t block,
                  Group* scores) {
  // Sums of one query are divided in two, so that there are enough to work on at a time.
  constexpr std::size_t parts = 2 / queries;
  keys += block * cache.block_bytes;
  __m512i sum[queries][parts][blocks];
  ANTIPHON_UNROLL
  for (std::size_t q = 0; q < queries; ++q) {
    ANTIPHON_UNROLL
    for (std::size_t b = 0; b < blocks; ++b) {
      sum[q][0][b] = query[q].start;
      if (parts == 2) sum[q][parts - 1][b] = _mm512_setzero_si512();
    }
  }
  for (std::size_t d = 0; d < cache.dim; d += 16) {
    ANTIPHON_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
      ANTIPHON_UNROLL
      for (std::size_t b = 0; b < blocks; ++b) {
        const std::byte* at = keys + b * cache.block_bytes + (d + 4 * i) * lanes;
        const __m512i key = _mm512_load_si512(at);
        ANTIPHON_UNROLL
        for (std::size_t q = 0; q < queries; ++q) {
          __m512i& to = sum[q][i % parts][b];
          to = _mm512_dpbusd_epi32(to, key, broadcast4(query[q].numbers + d + 4 * i));
        }
      }
    }
  }
  ANTIPHON_UNROLL
  for (std::size_t b = 0; b < blocks; ++b) {
    const __m512 scales = _mm512_load_ps(scales_of(keys + b * cache.block_bytes, cache));
    ANTIPHON_UNROLL
    for (std::size_t q = 0; q < queries; ++q) {
      __m512i product = sum[q][0][b];
      if (parts == 2) product = _mm512_add_epi32(product, sum[q][parts - 1][b]);
      scores[q][block + b] =
          _mm512_mul_ps(_mm512_cvtepi32_ps(product), _mm512_mul_ps(query[q].factor, scales));
    }
  }
}

/// The same for one query of 64 numbers, the usual: they stay in registers, and the keys of all
/// blocks are read one after the other.
void scores_of_64(std::byte* keys, const HeadCache& cache, const Query& query, std::size_t blocks,
                  __m512* scores) {
  __m512i numbers[16];
  ANTIPHON_UNROLL
  for (std::size_t i = 0; i < 16; ++i) keep(numbers[i] = broadcast4(query.numbers + 4 * i));
  for (std::size_t b = 0; b < blocks; ++b) {
    __m512i sum[2] = {query.start, _mm512_setzero_si512()};
    ANTIPHON_UNROLL
    for (std::size_t i = 0; i < 16; ++i) {
      sum[i % 2] = _mm512_dpbusd_epi32(sum[i % 2], _mm512_load_si512(keys + i * 64), numbers[i]);
    }
    const __m512 product = _mm512_cvtepi32_ps(_mm512_add_epi32(sum[0], sum[1]));
    const __m512 scales = _mm512_load_ps(scales_of(keys, cache));
    scores[b] = _mm512_mul_ps(product, _mm512_mul_ps(query.factor, scales));
    keys += cache.block_bytes;
  }
}

/// Scores of the positions of a group's blocks, to scores[query][block].
template <std::size_t queries>
void group_scores(std::byte* keys, const HeadCache& cache, const Query* query, std::size_t blocks,
                  Group* scores) {
  if (queries == 1 && cache.dim == 64) {
    return scores_of_64(keys, cache, query[0], blocks, scores[0]);
  }
  std::size_t b = 0;
  for (; b + quad <= blocks; b += quad) {
    block_scores<queries, quad>(keys, cache, query, b, scores);
  }
  for (; b < blocks; ++b) block_scores<queries, 1>(keys, cache, query, b, scores);
}

/// The weights of 64 positions as bytes of 16-bit numbers, in the order in which values are added:
/// four positions of one block, the same of the next, ...
struct Weights64 {
  alignas(64) std::uint8_t high[4][quad][4];
  alignas(64) std::uint8_t low[4][quad][4];
};

Weights64 split_weights(const __m512* weights, __m512 to_integer) {
  __m512i pairs[2];  // Of blocks, as 16-bit numbers; they take turns in lanes of 128 bits.
  ANTIPHON_UNROLL
  for (std::size_t i = 0; i < 2; ++i) {
    const __m512 a = _mm512_mul_ps(weights[2 * i], to_integer);
    const __m512 b = _mm512_mul_ps(weights[2 * i + 1], to_integer);
    pairs[i] = _mm512_packus_epi32(_mm512_cvtps_epi32(a), _mm512_cvtps_epi32(b));
  }
  const __m512i byte = _mm512_set1_epi16(255);
  Weights64 split;
  _mm512_store_si512(split.high, _mm512_packus_epi16(_mm512_srli_epi16(pairs[0], 8),
                                                     _mm512_srli_epi16(pairs[1], 8)));
  _mm512_store_si512(split.low, _mm512_packus_epi16(_mm512_and_si512(pairs[0], byte),
                                                    _mm512_and_si512(pairs[1], byte)));
  return split;
}

/// What one query makes of a group: how its values are weighed, and what becomes of the sums so
/// far.
struct Weighing {
  Weights64 weights[group_blocks / quad];
  __m512 rescale;       ///< Of the sums so far.
  __m512 from_integer;  ///< Of the products of weights and values.
};

/// From scores to weights: softmax's, times the scales of the values. `blocks` scores are known.
template <std::size_t queries>
void weigh(Group* scores, std::size_t blocks, std::byte* values, const HeadCache& cache,
           Query* query, Weighing* weighing) {
  __m512 largest[queries], total[queries], heaviest[queries];
  ANTIPHON_UNROLL
  for (std::size_t q = 0; q < queries; ++q) largest[q] = query[q].largest;
  for (std::size_t b = 0; b < blocks; ++b) {
    ANTIPHON_UNROLL
    for (std::size_t q = 0; q < queries; ++q) largest[q] = _mm512_max_ps(largest[q], scores[q][b]);
  }
  ANTIPHON_UNROLL
  for (std::size_t q = 0; q < queries; ++q) {
    largest[q] = _mm512_set1_ps(_mm512_reduce_max_ps(largest[q]));
    weighing[q].rescale = power_of_2(_mm512_sub_ps(query[q].largest, largest[q]));
    query[q].largest = largest[q];
    total[q] = _mm512_mul_ps(query[q].total, weighing[q].rescale);
    heaviest[q] = _mm512_setzero_ps();
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    std::byte* block = values + b * cache.block_bytes;
    const __m512 scales = _mm512_load_ps(scales_of(block, cache));
    // Memory rests here: it can bring what comes next.
    ANTIPHON_UNROLL
    for (std::size_t i = 0; i < 8; ++i) _mm_prefetch(block + i * 64, _MM_HINT_T0);
    ANTIPHON_UNROLL
    for (std::size_t q = 0; q < queries; ++q) {
      const __m512 power = power_of_2(_mm512_sub_ps(scores[q][b], largest[q]));
      total[q] = _mm512_add_ps(total[q], power);
      scores[q][b] = _mm512_mul_ps(power, scales);
      heaviest[q] = _mm512_max_ps(heaviest[q], scores[q][b]);
    }
  }
  ANTIPHON_UNROLL
  for (std::size_t q = 0; q < queries; ++q) {
    query[q].total = total[q];
    const float most = _mm512_reduce_max_ps(heaviest[q]);
    weighing[q].from_integer = _mm512_set1_ps(most / 65535.0f);
    const __m512 to_integer = _mm512_set1_ps(most > 0.0f ? 65535.0f / most : 0.0f);
    for (std::size_t b = blocks; b % quad != 0; ++b) scores[q][b] = _mm512_setzero_ps();
    for (std::size_t b = 0; b < blocks; b += quad) {
      weighing[q].weights[b / quad] = split_weights(scores[q] + b, to_integer);
    }
  }
}

/// sums = sums * rescale + weights . values, for `vectors` vectors of components from `d` on.
template <std::size_t queries, std::size_t vectors>
void add_values(const std::byte* values, const HeadCache& cache, std::size_t blocks, std::size_t d,
                const Weighing* weighing, Query* query) {
  __m512i high[queries][vectors], low[queries][vectors];
  ANTIPHON_UNROLL
  for (std::size_t q = 0; q < queries; ++q) {
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) high[q][v] = low[q][v] = _mm512_setzero_si512();
  }
  values += d * 4;
  for (std::size_t b = 0; b < blocks; ++b) {
    ANTIPHON_UNROLL
    for (std::size_t p = 0; p < 4; ++p) {
      __m512i value[vectors];
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < vectors; ++v) {
        keep(value[v] = _mm512_load_si512(values + p * 4 * cache.dim + v * 64));
      }
      ANTIPHON_UNROLL
      for (std::size_t q = 0; q < queries; ++q) {
        const Weights64& weights = weighing[q].weights[b / quad];
        const __m512i high4 = broadcast4(weights.high[p][b % quad]);
        const __m512i low4 = broadcast4(weights.low[p][b % quad]);
        ANTIPHON_UNROLL
        for (std::size_t v = 0; v < vectors; ++v) {
          high[q][v] = _mm512_dpbusd_epi32(high[q][v], high4, value[v]);
          low[q][v] = _mm512_dpbusd_epi32(low[q][v], low4, value[v]);
        }
      }
    }
    values += cache.block_bytes;
  }
  ANTIPHON_UNROLL
  for (std::size_t q = 0; q < queries; ++q) {
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
      const __m512 sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(high[q][v]), _mm512_set1_ps(256.0f),
                                         _mm512_cvtepi32_ps(low[q][v]));
      float* sums = query[q].sums + d + v * lanes;
      const __m512 before = _mm512_mul_ps(_mm512_load_ps(sums), weighing[q].rescale);
      _mm512_store_ps(sums, _mm512_fmadd_ps(sum, weighing[q].from_integer, before));
    }
  }
}

// One pass over the cache, 1,024 positions at a time, with a running largest score to which all
// sums so far are rescaled when it grows (Milakov and Gimelshein 2018). The values' weights,
// probability times scale, are rounded to 16 bits of the largest of the 1,024, so that their sum
// too is one of integers.
template <std::size_t queries>
void attend_together(const HeadCache& cache, std::uint32_t positions, const float* x,
                     std::uint32_t head_dim, float scale, float* out) {
  Query query[queries];
  for (std::size_t q = 0; q < queries; ++q) {
    query[q].begin(x + q * head_dim, head_dim, cache.dim, scale);
  }
  for (std::size_t p = 0; p < positions; p += group_blocks * lanes) {
    std::byte* keys = cache.keys + p / lanes * cache.block_bytes;
    std::byte* values = cache.values + p / lanes * cache.block_bytes;
    const std::size_t left = (positions - p + lanes - 1) / lanes;
    const std::size_t blocks = left < group_blocks ? left : group_blocks;

    Group scores[queries];
    group_scores<queries>(keys, cache, query, blocks, scores);

    // What lies past the last position was never written.
    for (std::size_t q = 0; q < queries; ++q) {
      __m512& last = scores[q][blocks - 1];
      last = _mm512_mask_mov_ps(_mm512_set1_ps(-3.0e38f),
                                first(positions - p - (blocks - 1) * lanes), last);
    }
    Weighing weighing[queries];
    weigh<queries>(scores, blocks, values, cache, query, weighing);
    for (std::size_t d = 0; d < cache.dim; d += 4 * lanes) {
      switch (cache.dim - d) {
        case lanes:
          add_values<queries, 1>(values, cache, blocks, d, weighing, query);
          break;
        case 2 * lanes:
          add_values<queries, 2>(values, cache, blocks, d, weighing, query);
          break;
        case 3 * lanes:
          add_values<queries, 3>(values, cache, blocks, d, weighing, query);
          break;
        default:
          add_values<queries, 4>(values, cache, blocks, d, weighing, query);
          break;
      }
    }
  }
  for (std::size_t q = 0; q < queries; ++q) query[q].finish(head_dim, out + q * head_dim);
}

}  // namespace

void vnni_store(const HeadCache& cache, std::uint32_t position, const float* key,
                const float* value, std::uint32_t head_dim) {
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
  values += lane / 4 * 4 * cache.dim + lane % 4;
  for (std::size_t d = 0; d < cache.dim; ++d) values[d * 4] = static_cast<std::byte>(v[d]);
}

void vnni_attend(const HeadCache& cache, std::uint32_t positions, const float* queries,
                 std::uint32_t count, std::uint32_t head_dim, float scale, float*, float* out) {
  std::size_t q = 0;
  for (; q + 2 <= count; q += 2) {
    attend_together<2>(cache, positions, queries + q * head_dim, head_dim, scale,
                       out + q * head_dim);
  }
  if (q < count) {
    attend_together<1>(cache, positions, queries + q * head_dim, head_dim, scale,
                       out + q * head_dim);
  }
}

}  // namespace antiphon::nn
