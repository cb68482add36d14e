// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "nn/cache.h"
#include "nn/transformer.h"
#include "nn/workers.h"

namespace antiphon::nn {

/// One step's row in a pass: whose it is, and where it stands there.
struct Row {
  Cache* cache;
  std::uint32_t position;
  std::int32_t time;
};

/// The buffers of passes of up to `rows` rows. Row r of each belongs to row r of the pass.
class Workspace {
 public:
  /// `members`: threads that will share a pass. `context`: the longest that a row may look back.
  Workspace(const Transformer& model, std::size_t rows, std::size_t members, std::size_t context);

  std::size_t rows() const { return rows_; }

  float* x(std::size_t row) { return x_.data() + row * dim_; }
  float* normed(std::size_t row) { return normed_.data() + row * dim_; }
  float* qkv(std::size_t row) { return qkv_.data() + row * qkv_stride_; }
  float* attended(std::size_t row) { return attended_.data() + row * attended_stride_; }
  float* hidden(std::size_t row) { return hidden_.data() + row * hidden_stride_; }
  float* cosines(std::size_t row) { return cosines_.data() + row * angles_; }
  float* sines(std::size_t row) { return sines_.data() + row * angles_; }
  std::byte* operand(std::size_t row) { return operands_.data() + row * operand_stride_; }
  float* scratch(std::size_t member) { return scratch_.data() + member * scratch_stride_; }

  std::size_t qkv_stride() const { return qkv_stride_; }
  std::size_t hidden_stride() const { return hidden_stride_; }
  std::size_t operand_stride() const { return operand_stride_; }
  /// For the heads of the rows from `row` on.
  HeadBuffers head_buffers(std::size_t row) {
    return {hidden(row), hidden_stride_, operand(row), operand_stride_};
  }

 private:
  std::size_t rows_, dim_, qkv_stride_, attended_stride_, hidden_stride_, angles_, operand_stride_,
      scratch_stride_;
  AlignedVector<float> x_;         ///< [rows, dim]
  AlignedVector<float> normed_;    ///< [rows, dim]
  AlignedVector<float> qkv_;       ///< [rows, (heads + 2 kv_heads) head_dim]
  AlignedVector<float> attended_;  ///< [rows, heads head_dim]
  AlignedVector<float> hidden_;    ///< [rows, 2 ff, or a field's hidden]
  AlignedVector<float> cosines_;   ///< [rows, head_dim / 2]
  AlignedVector<float> sines_;     ///< [rows, head_dim / 2]
  AlignedVector<std::byte> operands_;
  AlignedVector<float> scratch_;  ///< [members, context]
};

/// Runs layers [first_layer, last_layer) on rows [first_row, first_row + rows.size()) of `work.x`,
/// in place. Rows of one cache come in the order of their positions and see each other. Each member
/// of the team calls this with the same arguments.
void run_layers(const Transformer& model, Workspace& work, std::size_t first_row,
                std::span<const Row> rows, std::size_t first_layer, std::size_t last_layer,
                Member member);

}  // namespace antiphon::nn
