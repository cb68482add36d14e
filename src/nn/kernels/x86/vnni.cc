// SPDX-License-Identifier: Apache-2.0
// 8-bit products for x86 with AVX-512 and VNNI.
#include "nn/kernels/unroll.h"
#include "nn/kernels/x86/int8.h"

namespace antiphon::nn {
namespace {

constexpr std::size_t tile_vectors = tile_outputs / lanes;

const Operand& header_of(const std::byte* operand) {
  return *reinterpret_cast<const Operand*>(operand);
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
      const __mmask16 mask = first(outputs - v * lanes);
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
    const std::size_t from = t * tile_outputs;
    const std::size_t outputs = w.outputs - from < tile_outputs ? w.outputs - from : tile_outputs;
    for_blocks<block>(rows, [&](std::size_t r, auto of) {
      multiply_tile<of.count>(tile, w.inputs / 4, operands + r * operand_stride, operand_stride,
                              w.scales + from, outputs, y + r * y_stride + from, y_stride,
                              accumulate);
    });
  }
}

}  // namespace

extern const Int8Kernels vnni_kernels;
const Int8Kernels vnni_kernels = {prepare, multiply, vnni_store, vnni_attend, 65535};

}  // namespace antiphon::nn
