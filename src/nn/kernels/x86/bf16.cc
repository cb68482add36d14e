// SPDX-License-Identifier: Apache-2.0
// bf16 products for x86 with AVX-512 and its dot products of bf16.
#include "nn/kernels/kernels.h"
#include "nn/kernels/unroll.h"
#include "nn/kernels/x86/avx512.h"

namespace antiphon::nn {
namespace {

constexpr std::size_t tile_vectors = tile_outputs / lanes;

void prepare(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  std::byte* out = operand + operand_header;
  for (std::size_t i = 0; i < inputs; i += lanes) {
    const __m512 value = _mm512_maskz_loadu_ps(first(n > i ? n - i : 0), x + i);
    // The operand's memory is a multiple of 64 bytes, so that a whole vector fits.
    _mm256_store_si256(reinterpret_cast<__m256i*>(out + i * 2),
                       reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
  }
}

/// One tile for `rows` rows.
template <std::size_t rows>
void multiply_tile(const std::byte* tile, std::size_t groups, const std::byte* operands,
                   std::size_t stride, std::size_t outputs, float* y, std::size_t y_stride,
                   bool accumulate) {
  __m512 sum[rows][tile_vectors];
  ANTIPHON_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < tile_vectors; ++v) sum[r][v] = _mm512_setzero_ps();
  }
  const std::byte* x = operands + operand_header;
  for (std::size_t g = 0; g < groups; ++g) {
    __m512bh w[tile_vectors];
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < tile_vectors; ++v) {
      w[v] = reinterpret_cast<__m512bh>(_mm512_load_si512(tile + v * 64));
    }
    ANTIPHON_UNROLL
    for (std::size_t r = 0; r < rows; ++r) {
      const auto pair = reinterpret_cast<__m512bh>(
          _mm512_set1_epi32(*reinterpret_cast<const int*>(x + r * stride)));
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < tile_vectors; ++v) {
        sum[r][v] = _mm512_dpbf16_ps(sum[r][v], w[v], pair);
      }
    }
    tile += tile_outputs * 4;
    x += 4;
  }
  ANTIPHON_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    ANTIPHON_UNROLL
    for (std::size_t v = 0; v < tile_vectors; ++v) {
      if (v * lanes >= outputs) break;
      const __mmask16 mask = first(outputs - v * lanes);
      float* out = y + r * y_stride + v * lanes;
      __m512 value = sum[r][v];
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
    const std::size_t output = t * tile_outputs;
    for_blocks<block>(rows, [&](std::size_t r, auto of) {
      multiply_tile<of.count>(tile, w.inputs / 2, operands + r * operand_stride, operand_stride,
                              w.outputs - output, y + r * y_stride + output, y_stride, accumulate);
    });
  }
}

}  // namespace

extern const Bf16Kernels avx512_bf16_kernels;
const Bf16Kernels avx512_bf16_kernels = {prepare, multiply};

}  // namespace antiphon::nn
