// SPDX-License-Identifier: Apache-2.0
#include "nn/matrix.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <vector>

namespace antiphon::nn {
namespace {

/// Inputs that lie together in a tile.
std::size_t group_of(Type type) { return 4 / size_of(type); }

template <class T>
void put(std::byte* at, T number) {
  std::memcpy(at, &number, sizeof number);
}

template <class T>
T get(const std::byte* at) {
  T number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

}  // namespace

float quantize_row(std::span<const float> values, std::span<std::int8_t> integers) {
  float largest = 0.0f;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  const float scale = largest / 127.0f;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float ratio = scale > 0.0f ? values[i] / scale : 0.0f;
    integers[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(ratio), -127.0f, 127.0f));
  }
  return scale;
}

Matrix::Matrix(Type type, std::size_t outputs, std::size_t inputs)
    : type_(type),
      outputs_(outputs),
      inputs_(inputs),
      padded_inputs_(round_up(inputs, group_of(type))),
      tile_bytes_(padded_inputs_ * tile_outputs * size_of(type)),
      // Of an int8 matrix, 128 stands for zero.
      own_(tiles() * tile_bytes_, type == Type::i8 ? std::byte{128} : std::byte{0}),
      tiles_(own_.data()),
      scales_(type == Type::i8 ? tiles() * tile_outputs : 0) {}

std::size_t Matrix::operand_bytes() const {
  // Kernels without products of bytes want int8's numbers in 16 bits.
  const std::size_t number = std::max<std::size_t>(size_of(type_), 2);
  return operand_header + round_up(padded_inputs_ * number, cache_line);
}

std::byte* Matrix::at(std::size_t output, std::size_t input) {
  const std::size_t group = group_of(type_);
  const std::size_t lane = output % tile_outputs;
  const std::size_t index = (input / group * tile_outputs + lane) * group + input % group;
  return tiles_ + output / tile_outputs * tile_bytes_ + index * size_of(type_);
}

void Matrix::set_row(std::size_t output, std::span<const float> values) {
  assert(values.size() == inputs_);
  if (type_ == Type::i8) {
    std::vector<std::int8_t> integers(values.size());
    const float scale = quantize_row(values, integers);
    return set_row(output, integers, scale);
  }
  for (std::size_t i = 0; i < inputs_; ++i) {
    if (type_ == Type::f32) {
      put(at(output, i), values[i]);
    } else {
      put(at(output, i), BFloat16::of(values[i]));
    }
  }
}

void Matrix::set_row(std::size_t output, std::span<const std::int8_t> values, float scale) {
  assert(values.size() == inputs_ && type_ == Type::i8);
  for (std::size_t i = 0; i < inputs_; ++i) {
    put(at(output, i), static_cast<std::uint8_t>(values[i] + 128));
  }
  scales_[output] = scale;
}

void Matrix::move_to(std::byte* memory) {
  std::copy_n(tiles_, tiles() * tile_bytes_, memory);
  tiles_ = memory;
  own_ = {};
}

AlignedVector<std::byte> gather(std::span<Matrix* const> matrices) {
  std::size_t bytes = 0;
  for (const Matrix* matrix : matrices) bytes += matrix->tiles() * matrix->tile_bytes();
  AlignedVector<std::byte> memory(bytes);
  std::byte* at = memory.data();
  for (Matrix* matrix : matrices) {
    matrix->move_to(at);
    at += matrix->tiles() * matrix->tile_bytes();
  }
  return memory;
}

Table::Table(Type type, std::size_t rows, std::size_t dim)
    : type_(type),
      rows_(rows),
      dim_(dim),
      numbers_(rows * dim * size_of(type)),
      scales_(type == Type::i8 ? rows : 0) {}

void Table::set_row(std::size_t row, std::span<const float> values) {
  assert(values.size() == dim_ && type_ != Type::i8);
  for (std::size_t i = 0; i < dim_; ++i) {
    std::byte* at = numbers_.data() + (row * dim_ + i) * size_of(type_);
    if (type_ == Type::f32) {
      put(at, values[i]);
    } else {
      put(at, BFloat16::of(values[i]));
    }
  }
}

void Table::set_row(std::size_t row, std::span<const std::int8_t> values, float scale) {
  assert(values.size() == dim_ && type_ == Type::i8);
  std::memcpy(numbers_.data() + row * dim_, values.data(), dim_);
  scales_[row] = scale;
}

void Table::add_row(std::size_t row, std::span<float> sum) const {
  assert(row < rows_ && sum.size() == dim_);
  const std::byte* numbers = numbers_.data() + row * dim_ * size_of(type_);
  switch (type_) {
    case Type::f32:
      for (std::size_t i = 0; i < dim_; ++i) sum[i] += get<float>(numbers + i * 4);
      break;
    case Type::bf16:
      for (std::size_t i = 0; i < dim_; ++i) sum[i] += get<BFloat16>(numbers + i * 2).value();
      break;
    case Type::i8:
      for (std::size_t i = 0; i < dim_; ++i) {
        sum[i] += scales_[row] * static_cast<float>(get<std::int8_t>(numbers + i));
      }
      break;
  }
}

}  // namespace antiphon::nn
