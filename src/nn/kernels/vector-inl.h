// SPDX-License-Identifier: Apache-2.0
// What the kernels on Highway share, once for each instruction set.
#if defined(ANTIPHON_NN_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ANTIPHON_NN_VECTOR_INL_H
#undef ANTIPHON_NN_VECTOR_INL_H
#else
#define ANTIPHON_NN_VECTOR_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "nn/kernels/unroll.h"
#include "nn/kernels/vector.h"

HWY_BEFORE_NAMESPACE();
namespace antiphon::nn {
namespace HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::CappedTag<float, 16>;
using I32 = hn::RebindToSigned<F32>;
using U32 = hn::RebindToUnsigned<F32>;
using I16 = hn::RepartitionToNarrow<I32>;
using U8 = hn::Repartition<std::uint8_t, F32>;
using Float = hn::Vec<F32>;
using Int = hn::Vec<I32>;

constexpr std::size_t lanes = hn::MaxLanes(F32());

inline float inverse_or_zero(float scale) { return scale > 0.0f ? 1.0f / scale : 0.0f; }

/// The first `count` lanes from memory, the others zero. `count` may be more than there are lanes.
/// (Highway's masked loads may read past the end.)
inline Float load_some(const float* at, std::size_t count) {
  const F32 f;
  if (count >= lanes) return hn::LoadU(f, at);
  alignas(64) float buffer[lanes] = {};
  for (std::size_t i = 0; i < count; ++i) buffer[i] = at[i];
  return hn::Load(f, buffer);
}

inline void store_some(Float value, float* at, std::size_t count) {
  const F32 f;
  if (count >= lanes) return hn::StoreU(value, f, at);
  alignas(64) float buffer[lanes];
  hn::Store(value, f, buffer);
  for (std::size_t i = 0; i < count; ++i) at[i] = buffer[i];
}

inline float largest_magnitude(const float* x, std::size_t n) {
  const F32 f;
  Float largest = hn::Zero(f);
  for (std::size_t i = 0; i < n; i += lanes) {
    largest = hn::Max(largest, hn::Abs(load_some(x + i, n - i)));
  }
  return hn::GetLane(hn::MaxOfLanes(f, largest));
}

/// x rounded to scale * integers, zeros from n to `padded`. Gives the integers' sum.
inline std::int32_t quantize(const float* x, std::size_t n, std::size_t padded, float inverse,
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

/// Four bytes in each 32 bits, as two 16-bit vectors: bytes 0 and 2, bytes 1 and 3.
struct Halves {
  hn::Vec<I16> even, odd;
};
inline Halves unsigned_halves(hn::Vec<I16> bytes) {
  const hn::RebindToUnsigned<I16> u16;
  return {hn::And(bytes, hn::Set(I16(), 0xff)),
          hn::BitCast(I16(), hn::ShiftRight<8>(hn::BitCast(u16, bytes)))};
}
inline Halves signed_halves(hn::Vec<I16> bytes) {
  return {hn::ShiftRight<8>(hn::ShiftLeft<8>(bytes)), hn::ShiftRight<8>(bytes)};
}
inline hn::Vec<I16> load_bytes(const void* at) {
  return hn::BitCast(I16(), hn::Load(U8(), static_cast<const std::uint8_t*>(at)));
}

/// What meets such halves in every lane, from memory: numbers 0 and 2, then 1 and 3.
inline Halves broadcast_halves(const std::int32_t* pairs) {
  return {hn::BitCast(I16(), hn::Set(I32(), pairs[0])),
          hn::BitCast(I16(), hn::Set(I32(), pairs[1]))};
}
/// Writes `count` numbers, a multiple of 4, so for `broadcast_halves`: 2 pairs for each 4. They may
/// lie in the second half of where the pairs go.
inline void write_pairs(const std::int8_t* x, std::size_t count, std::int32_t* pairs) {
  const hn::CappedTag<std::int16_t, 8> i16;
  const hn::Repartition<std::uint8_t, decltype(i16)> u8;
  const hn::Repartition<std::int32_t, decltype(i16)> i32;
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const auto bytes =
        hn::BitCast(i16, hn::LoadU(u8, reinterpret_cast<const std::uint8_t*>(x + i)));
    const auto even = hn::BitCast(i32, hn::ShiftRight<8>(hn::ShiftLeft<8>(bytes)));
    const auto odd = hn::BitCast(i32, hn::ShiftRight<8>(bytes));
    hn::StoreU(hn::InterleaveLower(even, odd), i32, pairs + i / 2);
    hn::StoreU(hn::InterleaveUpper(i32, even, odd), i32, pairs + i / 2 + 4);
  }
  const auto pair = [](std::int8_t first, std::int8_t second) {
    return static_cast<std::int32_t>(static_cast<std::uint16_t>(first)) | second * 65536;
  };
  for (; i < count; i += 4) {
    const std::int8_t four[] = {x[i], x[i + 1], x[i + 2], x[i + 3]};
    pairs[i / 2] = pair(four[0], four[2]);
    pairs[i / 2 + 1] = pair(four[1], four[3]);
  }
}

/// Running sums in each lane. What they are divided into is the machine's choice.
struct Sums {
  Int some, others;
};
inline Sums no_sums() { return {hn::Zero(I32()), hn::Zero(I32())}; }
inline Int total(const Sums& sums) { return hn::RearrangeToOddPlusEven(sums.some, sums.others); }

/// Adds four products in each lane.
inline Sums add_products(Sums sums, const Halves& a, const Halves& b) {
  const I32 i;
  sums.some = hn::ReorderWidenMulAccumulate(i, a.even, b.even, sums.some, sums.others);
  sums.some = hn::ReorderWidenMulAccumulate(i, a.odd, b.odd, sums.some, sums.others);
  return sums;
}

/// Keys and values, for each type. In vector_attention.cc.
struct Attention {
  Store store[3];
  Attend attend[3];
  std::int32_t weight_steps;
};
Attention attention();

#endif
}  // namespace HWY_NAMESPACE
}  // namespace antiphon::nn
HWY_AFTER_NAMESPACE();

#endif
