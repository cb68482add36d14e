// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the 8-bit kernels for x86 share, as avx512.h does.

#include "nn/kernels/kernels.h"
#include "nn/kernels/x86/avx512.h"

namespace antiphon::nn {
namespace {

/// Four bytes, in every lane.
__m512i broadcast4(const void* bytes) { return _mm512_set1_epi32(*static_cast<const int*>(bytes)); }

float largest_magnitude(const float* x, std::size_t n) {
  __m512 largest = _mm512_setzero_ps();
  for (std::size_t i = 0; i < n; i += lanes) {
    largest = _mm512_max_ps(largest, _mm512_abs_ps(_mm512_maskz_loadu_ps(first(n - i), x + i)));
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
    const __mmask16 real = first(n > i ? n - i : 0);
    const __m512 value = _mm512_mul_ps(_mm512_maskz_loadu_ps(real, x + i), factor);
    const __m512i integer =
        _mm512_max_epi32(_mm512_min_epi32(_mm512_cvtps_epi32(value), most), least);
    sum = _mm512_add_epi32(sum, integer);
    _mm512_mask_cvtepi32_storeu_epi8(out + i, first(padded - i), integer);
  }
  return _mm512_reduce_add_epi32(sum);
}

}  // namespace

// In vnni_attention.cc.
void vnni_store(const HeadCache& cache, std::uint32_t position, const float* key,
                const float* value, std::uint32_t head_dim);
void vnni_attend(const HeadCache& cache, std::uint32_t positions, const float* queries,
                 std::uint32_t count, std::uint32_t head_dim, float scale, float* scratch,
                 float* out);

}  // namespace antiphon::nn
