// SPDX-License-Identifier: Apache-2.0
// The kernels on Highway, compiled for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/vector.cc"
#include "nn/kernels/vector.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include "nn/kernels/vector-inl.h"
// clang-format on
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace antiphon::nn {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR
// Highway's way of saying that there are no vectors.
Kernels table() { return scalar_kernels; }
#else

constexpr std::size_t tile_vectors = tile_outputs / lanes;
constexpr std::size_t cache_line = 64, ahead = 8192;

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
    if constexpr (rows == 1) {
      // As fast as memory is: weights are used as they come, and asked for further ahead than the
      // machine does by itself.
      for (std::size_t i = 0; i < vectors * lanes * Group::bytes; i += cache_line) {
        hwy::Prefetch(tile + ahead + i);
      }
      const auto number = Group::broadcast(x);
      ANTIPHON_UNROLL
      for (std::size_t v = 0; v < vectors; ++v) {
        const auto w = Group::load(tile + v * lanes * Group::bytes);
        sum[0][v] = Group::add_product(sum[0][v], w, number);
      }
    } else {
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
    }
    tile += tile_outputs * Group::bytes;
    x += Group::operand_bytes;
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
  static constexpr std::size_t bytes = 4, operand_bytes = 4;
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
  static constexpr std::size_t bytes = 4, operand_bytes = 4;
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
  constexpr auto fitting = [](std::size_t rows) {
    return std::min(tile_vectors, vectors * 4 / rows);
  };
  for (std::size_t tile = first_tile; tile < last_tile; ++tile) {
    std::size_t r = 0;
    const auto rows_of = [&](auto count) {
      for (; r + count <= rows; r += count) {
        for (std::size_t v = 0; v < tile_vectors; v += fitting(count)) {
          run(multiply_block<Group, count, fitting(count)>, tile, v, r);
        }
      }
    };
    rows_of(std::integral_constant<std::size_t, 4>());
    rows_of(std::integral_constant<std::size_t, 2>());
    rows_of(std::integral_constant<std::size_t, 1>());
  }
}

// ---- int8 -------------------------------------------------------------------------------------

void prepare_i8(const float* x, std::size_t n, std::size_t inputs, std::byte* operand) {
  auto* header = reinterpret_cast<Operand*>(operand);
  std::byte* numbers = operand + operand_header;
  auto* bytes = reinterpret_cast<std::int8_t*>(numbers + inputs);
  header->scale = largest_magnitude(x, n) / 127.0f;
  header->sum = quantize(x, n, inputs, inverse_or_zero(header->scale), bytes);
  write_pairs(bytes, inputs, reinterpret_cast<std::int32_t*>(numbers));
}

struct GroupI8 {
  using Sum = Sums;
  using Weights = Halves;
  static constexpr std::size_t bytes = 4, operand_bytes = 8;
  static const Operand& header(const std::byte* operand) {
    return *reinterpret_cast<const Operand*>(operand);
  }
  static Sum start(const std::byte*) { return no_sums(); }
  static Weights load(const std::byte* at) { return unsigned_halves(load_bytes(at)); }
  static Halves broadcast(const std::byte* at) {
    return broadcast_halves(reinterpret_cast<const std::int32_t*>(at));
  }
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

// ---- the rest ---------------------------------------------------------------------------------

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
  const Attention own = attention();
  return {.name = hwy::TargetName(HWY_TARGET),
          .prepare = {prepare_f32, prepare_bf16, prepare_i8},
          .multiply = {multiply<GroupF32, vectors>, multiply<GroupBf16, vectors>,
                       multiply<GroupI8, vectors>},
          .store = {own.store[0], own.store[1], own.store[2]},
          .attend = {own.attend[0], own.attend[1], own.attend[2]},
          .weight_steps = own.weight_steps,
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
