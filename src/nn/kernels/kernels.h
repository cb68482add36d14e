// SPDX-License-Identifier: Apache-2.0
#pragma once

// This header is also compiled with the instructions of one machine only, so it defines plain data
// and no function.

#include <cstddef>
#include <cstdint>

namespace antiphon::nn {

/// Outputs that are computed together; the unit in which products are divided among threads.
inline constexpr std::size_t tile_outputs = 64;
/// Positions that lie together in a cache.
inline constexpr std::size_t block_positions = 16;

/// A weight matrix [outputs, inputs] as the kernels read it: front to back, once. Tiles of 64
/// outputs follow each other; within one, inputs are outermost and outputs innermost:
///   f32   [inputs][64]
///   bf16  [inputs / 2][64][2]
///   int8  [inputs / 4][64][4], as value + 128
/// Missing inputs and outputs weigh zero.
struct PackedMatrix {
  const std::byte* tiles;
  std::size_t tile_bytes;
  const float* scales;   ///< int8: of each output. Else null.
  std::uint32_t inputs;  ///< Rounded up to what one group holds.
  std::uint32_t outputs;
};

/// A vector on its way into a product: this, then from byte 64 on the numbers in the matrix's type
/// (int8: rounded to `scale` * integer in [-127, 127], in 8 or 16 bits and an order of the kernel's
/// own), with zeros up to the matrix's inputs.
struct Operand {
  float scale;       ///< int8 only.
  std::int32_t sum;  ///< int8 only: of the integers.
};
inline constexpr std::size_t operand_header = 64;

/// Keys and values of one head, in blocks of 16 positions: the keys of a block, then its values, so
/// that they lie in memory as they are read. `dim` is rounded up to 16.
///   keys    f32, bf16 [dim][16];  int8 [dim / 4][16][4] as value + 128, then 16 float scales
///   values  f32, bf16 [16][dim];  int8 [4][dim][4], then 16 float scales
struct HeadCache {
  std::byte* keys;          ///< Of the first block.
  std::byte* values;        ///< The same.
  std::size_t block_bytes;  ///< From one block to the next.
  std::uint32_t dim;
};

using Prepare = void (*)(const float* x, std::size_t n, std::size_t inputs, std::byte* operand);
using Multiply = void (*)(const PackedMatrix& w, std::size_t first_tile, std::size_t last_tile,
                          const std::byte* operands, std::size_t operand_stride, std::size_t rows,
                          float* y, std::size_t y_stride, bool accumulate);
using Store = void (*)(const HeadCache& cache, std::uint32_t position, const float* key,
                       const float* value, std::uint32_t head_dim);
using Attend = void (*)(const HeadCache& cache, std::uint32_t positions, const float* queries,
                        std::uint32_t count, std::uint32_t head_dim, float scale, float* scratch,
                        float* out);

/// The inner loops, each in one version for a kind of machine. The numbers of a row never depend on
/// how many rows there are, so that a batch gives what its sessions give one by one.
///
/// Indices into the arrays of three are those of `Type`: f32, bf16, int8.
struct Kernels {
  const char* name;

  /// x [n] -> operand for a matrix of that type with `inputs` inputs (n of them, rounded up).
  Prepare prepare[3];
  /// y[r][o] = (accumulate ? y[r][o] : 0) + operand[r] . w[o], for the outputs of the tiles
  /// [first_tile, last_tile). Strides are in bytes for operands, in floats for y.
  Multiply multiply[3];

  /// Puts a step's key and value at `position` of a cache.
  Store store[3];
  /// out[q] = softmax(queries[q] . keys * scale) . values, for the first `positions` of a cache, at
  /// least one. Shapes: queries and out are [count, head_dim]. `scratch` has room for the
  /// positions, rounded up to 64.
  Attend attend[3];
  /// int8: a value's weight is rounded to one of so many steps up to the largest weight.
  std::int32_t weight_steps;

  /// out = x / rms(x) * weight, epsilon 1e-5 (Zhang and Sennrich 2019).
  void (*rms_norm)(const float* x, const float* weight, std::size_t n, float* out);
  /// Turns the pairs (x[j], x[j + half]) by the angles whose cosines and sines are given.
  void (*rotate)(float* x, const float* cosines, const float* sines, std::size_t half);
  /// x = silu(x) = x / (1 + exp(-x)).
  void (*silu)(float* x, std::size_t n);
  /// out = silu(gate) * up (Shazeer 2020).
  void (*silu_multiply)(const float* gate, const float* up, std::size_t n, float* out);

  /// Opens the gates of n cells, [4 n] in the order input, forget, cell, output:
  /// cells = sigmoid(f) * cells + sigmoid(i) * tanh(g), state = sigmoid(o) * tanh(cells).
  void (*lstm)(const float* gates, std::size_t n, float* cells, float* state);

  /// Reads `bytes` bytes, a multiple of 64 and so aligned, as fast as can be: to bring them near,
  /// or to measure with. Gives something that depends on all of them.
  std::uint64_t (*read)(const std::byte* from, std::size_t bytes);
};

/// The part of a table that has instructions of its own for products of 8-bit numbers.
struct Int8Kernels {
  Prepare prepare;
  Multiply multiply;
  Store store;
  Attend attend;
  std::int32_t weight_steps;
};

/// The same for products of bf16.
struct Bf16Kernels {
  Prepare prepare;
  Multiply multiply;
};

/// The plain version: what the others are tested against.
extern const Kernels scalar_kernels;

}  // namespace antiphon::nn
