// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "nn/aligned.h"
#include "nn/kernels/kernels.h"
#include "nn/type.h"

namespace antiphon::nn {

/// The weights of a linear map [outputs, inputs], laid out for the kernels (`PackedMatrix`).
class Matrix {
 public:
  Matrix() = default;
  /// All zero.
  Matrix(Type type, std::size_t outputs, std::size_t inputs);
  Matrix(Matrix&&) = default;
  Matrix& operator=(Matrix&&) = default;

  Type type() const { return type_; }
  std::size_t outputs() const { return outputs_; }
  std::size_t inputs() const { return inputs_; }
  std::size_t tiles() const { return (outputs_ + tile_outputs - 1) / tile_outputs; }
  /// Memory that one product reads.
  std::size_t bytes() const { return tiles() * tile_bytes_ + scales_.size() * sizeof(float); }
  /// What `Kernels::prepare` writes for this matrix.
  std::size_t operand_bytes() const;

  /// Rounds to the matrix's type; int8 takes scale = largest magnitude / 127.
  void set_row(std::size_t output, std::span<const float> values);
  /// int8 only: exactly these integers.
  void set_row(std::size_t output, std::span<const std::int8_t> values, float scale);

  /// Moves the weights to memory of the caller, `tiles() * tile_bytes()` from a cache line on,
  /// which must outlive the matrix.
  void move_to(std::byte* memory);
  std::size_t tile_bytes() const { return tile_bytes_; }

  PackedMatrix packed() const {
    return {tiles_, tile_bytes_, scales_.empty() ? nullptr : scales_.data(),
            static_cast<std::uint32_t>(padded_inputs_), static_cast<std::uint32_t>(outputs_)};
  }

 private:
  /// Where the number of an input lies.
  std::byte* at(std::size_t output, std::size_t input);

  Type type_ = Type::f32;
  std::size_t outputs_ = 0;
  std::size_t inputs_ = 0;
  std::size_t padded_inputs_ = 0;
  std::size_t tile_bytes_ = 0;
  AlignedVector<std::byte> own_;  ///< Empty after `move_to`.
  std::byte* tiles_ = nullptr;
  AlignedVector<float> scales_;
};

/// Moves all matrices' weights to one piece of memory, in this order, and gives it.
AlignedVector<std::byte> gather(std::span<Matrix* const> matrices);

/// Integers in [-127, 127] and the scale that gives back `values` to within scale / 2.
float quantize_row(std::span<const float> values, std::span<std::int8_t> integers);

/// Rows that are looked up and added: an embedding. Kept in the type of the file.
class Table {
 public:
  Table() = default;
  Table(Type type, std::size_t rows, std::size_t dim);

  std::size_t rows() const { return rows_; }

  void set_row(std::size_t row, std::span<const float> values);
  void set_row(std::size_t row, std::span<const std::int8_t> values, float scale);
  /// sum[i] += row[i].
  void add_row(std::size_t row, std::span<float> sum) const;

 private:
  Type type_ = Type::f32;
  std::size_t rows_ = 0;
  std::size_t dim_ = 0;
  AlignedVector<std::byte> numbers_;  ///< [rows, dim]
  AlignedVector<float> scales_;       ///< int8: [rows]
};

}  // namespace antiphon::nn
