// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace antiphon::nn {

/// How numbers of a model are held. `i8` comes with one float scale a row: value = scale * integer.
enum class Type : std::uint8_t { f32, bf16, i8 };

constexpr std::size_t size_of(Type type) {
  return type == Type::f32 ? 4 : type == Type::bf16 ? 2 : 1;
}

/// "f32", "bf16" or "int8".
constexpr std::string_view name_of(Type type) {
  return type == Type::f32 ? "f32" : type == Type::bf16 ? "bf16" : "int8";
}

/// The inverse of `name_of`.
constexpr std::optional<Type> type_named(std::string_view name) {
  if (name == "f32") return Type::f32;
  if (name == "bf16") return Type::bf16;
  if (name == "int8") return Type::i8;
  return std::nullopt;
}

/// The upper half of a float: 8 bits of exponent, 7 of mantissa.
struct BFloat16 {
  std::uint16_t bits;

  /// To the nearest, ties to even. NaN stays NaN.
  static BFloat16 of(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    if (value != value) return {static_cast<std::uint16_t>(word >> 16 | 0x40)};
    return {static_cast<std::uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16)};
  }
  float value() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

}  // namespace antiphon::nn
