// SPDX-License-Identifier: Apache-2.0
#include "nn/loader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

namespace antiphon::nn {
namespace {

constexpr const char* not_finite = "has a value that is not a finite number";

Error bad(const std::string& name, const std::string& what) {
  return {Errc::invalid_input, "weights: tensor '" + name + "' " + what};
}

/// Row `row` of a tensor as floats; false if one is not finite.
bool decode(const Tensor& tensor, std::span<const float> scales, std::size_t row,
            std::span<float> values) {
  const std::uint8_t* bytes = tensor.bytes.data() + row * values.size() * size_of(tensor.type);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (tensor.type == Type::f32) {
      std::memcpy(&values[i], bytes + i * 4, 4);
    } else if (tensor.type == Type::bf16) {
      BFloat16 number;
      std::memcpy(&number, bytes + i * 2, 2);
      values[i] = number.value();
    } else {
      values[i] = static_cast<float>(static_cast<std::int8_t>(bytes[i])) * scales[row];
    }
    if (!std::isfinite(values[i])) return false;
  }
  return true;
}

}  // namespace

Result<AlignedVector<float>> Loader::vector(const std::string& name, std::size_t size) {
  ANTIPHON_TRY(const Tensor tensor, file_.get(name, {size}));
  if (tensor.type == Type::i8) return bad(name, "is int8, expected F32 or BF16");
  AlignedVector<float> values(size);
  if (!decode(tensor, {}, 0, values)) return bad(name, not_finite);
  return values;
}

Result<Matrix> Loader::matrix(const std::vector<std::pair<std::string, std::size_t>>& parts,
                              std::size_t inputs) {
  // A product has one type: that of the widest part.
  Type type = wanted_.value_or(Type::i8);
  std::size_t outputs = 0;
  for (const auto& [name, count] : parts) {
    ANTIPHON_TRY(const Tensor tensor, file_.get(name, {count, inputs}));
    if (!wanted_) type = std::min(type, tensor.type);
    outputs += count;
  }
  Matrix matrix(type, outputs, inputs);
  std::size_t first = 0;
  for (const auto& [name, count] : parts) {
    ANTIPHON_CHECK(copy_rows(name, count, inputs, type, matrix, first));
    first += count;
  }
  return matrix;
}

Result<Table> Loader::table(const std::string& name, std::size_t rows, std::size_t dim) {
  if (rows == 0) return Table();
  ANTIPHON_TRY(const Tensor tensor, file_.get(name, {rows, dim}));
  Table table(tensor.type, rows, dim);
  ANTIPHON_CHECK(copy_rows(name, rows, dim, tensor.type, table, 0));
  return table;
}

template <class Target>
Status Loader::copy_rows(const std::string& name, std::size_t rows, std::size_t columns, Type type,
                         Target& target, std::size_t first) {
  ANTIPHON_TRY(const Tensor tensor, file_.get(name, {rows, columns}));
  std::vector<float> scales;
  if (tensor.type == Type::i8) {
    ANTIPHON_TRY(const Tensor scale, file_.get(name + ".scale", {rows}));
    if (scale.type != Type::f32) return bad(name + ".scale", "is not F32");
    scales.resize(rows);
    if (!decode(scale, {}, 0, scales)) return bad(name + ".scale", not_finite);
  }
  std::vector<float> values(columns);
  for (std::size_t r = 0; r < rows; ++r) {
    if (tensor.type == Type::i8 && type == Type::i8) {
      const auto* integers = reinterpret_cast<const std::int8_t*>(tensor.bytes.data());
      target.set_row(first + r, {integers + r * columns, columns}, scales[r]);
      continue;
    }
    if (!decode(tensor, scales, r, values)) return bad(name, not_finite);
    target.set_row(first + r, std::span<const float>(values));
  }
  return Done{};
}

}  // namespace antiphon::nn
