// SPDX-License-Identifier: Apache-2.0
#include "nn/forward.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace antiphon::nn {
namespace {

std::size_t index_of(Type type) { return static_cast<std::size_t>(type); }

/// The most of a head's cache that is read ahead: less than a second-level cache holds.
constexpr std::size_t swept_bytes = std::size_t{384} << 10;

/// So much of the caches of a batch a third-level cache keeps from one step to the next.
constexpr std::size_t kept_bytes = std::size_t{12} << 20;

/// Whether the rows' caches come from memory. One that is used for row after row is near by itself.
bool far(std::span<const Row> rows) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Cache* cache = rows[i].cache;
    if (rows[(i + 1) % rows.size()].cache == cache) return false;
    bytes += cache->bytes_per_position() * (rows[i].position + 1);
  }
  return bytes > kept_bytes;
}

/// A pass: what every function below works on. Member functions are what one member of the team
/// does; each ends with its results visible to all, unless it says otherwise.
class Pass {
 public:
  Pass(const Transformer& model, Workspace& work, std::size_t first_row, std::span<const Row> rows,
       Member member)
      : model_(model),
        kernels_(model.kernels()),
        config_(model.config()),
        work_(work),
        first_(first_row),
        rows_(rows),
        member_(member),
        far_(far(rows)) {}

  void angles() {
    for_own_rows([&](std::size_t r) {
      const Row& row = rows_[r - first_];
      model_.angles(row.position, row.time, work_.cosines(r), work_.sines(r));
    });
  }

  /// x += o(attention(rotary(q(n)), rotary(k(n)), v(n))), n = rmsnorm(x) * weight
  void attention_block(const Layer& layer, std::size_t index) {
    prepare_normed(layer.attention_norm, layer.qkv);
    multiply(layer.qkv, work_.qkv(first_), work_.qkv_stride(), false);
    attend(index);
    for_own_rows([&](std::size_t r) { prepare(layer.o, work_.attended(r), work_.operand(r)); });
    multiply(layer.o, work_.x(first_), config_.dim, true);
  }

  /// x += down(silu(gate(n)) * up(n)), n = rmsnorm(x) * weight
  void feed_forward_block(const Layer& layer) {
    prepare_normed(layer.ff_norm, layer.gate_up);
    multiply(layer.gate_up, work_.hidden(first_), work_.hidden_stride(), false);
    for_own_rows([&](std::size_t r) {
      float* gate = work_.hidden(r);
      kernels_.silu_multiply(gate, gate + config_.ff, config_.ff, gate);
      prepare(layer.down, gate, work_.operand(r));
    });
    multiply(layer.down, work_.x(first_), config_.dim, true);
  }

 private:
  template <class Function>
  void for_own_rows(Function&& function) {
    const Share share = member_.share(rows_.size());
    for (std::size_t r = share.begin; r < share.end; ++r) function(first_ + r);
    member_.wait();
  }

  void prepare(const Matrix& matrix, const float* x, std::byte* operand) {
    const PackedMatrix packed = matrix.packed();
    kernels_.prepare[index_of(matrix.type())](x, matrix.inputs(), packed.inputs, operand);
  }

  void prepare_normed(const AlignedVector<float>& weight, const Matrix& matrix) {
    for_own_rows([&](std::size_t r) {
      kernels_.rms_norm(work_.x(r), weight.data(), config_.dim, work_.normed(r));
      prepare(matrix, work_.normed(r), work_.operand(r));
    });
  }

  void multiply(const Matrix& matrix, float* y, std::size_t stride, bool accumulate) {
    const Share tiles = member_.share(matrix.tiles());
    kernels_.multiply[index_of(matrix.type())](matrix.packed(), tiles.begin, tiles.end,
                                               work_.operand(first_), work_.operand_stride(),
                                               rows_.size(), y, stride, accumulate);
    member_.wait();
  }

  /// A member takes its heads from storing keys to the result, so that no one waits in between.
  void attend(std::size_t layer) {
    const Share own = member_.share(config_.kv_heads);
    for (std::size_t kv = own.begin; kv < own.end; ++kv) {
      if (config_.bidirectional) {
        for (std::size_t i = 0; i < rows_.size(); ++i) store_head(layer, kv, i);
        const std::uint32_t all = rows_.back().position + 1;
        for (std::size_t i = 0; i < rows_.size(); ++i) attend_head(layer, kv, i, all);
        continue;
      }
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        store_head(layer, kv, i);
        attend_head(layer, kv, i, rows_[i].position + 1);
      }
    }
    member_.wait();
  }

  void store_head(std::size_t layer, std::size_t kv, std::size_t i) {
    const std::size_t dim = config_.head_dim;
    const std::size_t r = first_ + i;
    float* key = work_.qkv(r) + (config_.heads + kv) * dim;
    const float* value = key + config_.kv_heads * dim;
    kernels_.rotate(key, work_.cosines(r), work_.sines(r), dim / 2);
    const HeadCache cache = rows_[i].cache->head(layer, kv);
    if (far_) bring_near(cache, i);
    kernels_.store[index_of(model_.type())](cache, rows_[i].position, key, value, config_.head_dim);
  }

  /// The query heads that share the key and value head `kv`, for one row, over the first
  /// `positions` of its cache.
  void attend_head(std::size_t layer, std::size_t kv, std::size_t i, std::uint32_t positions) {
    const std::size_t type = index_of(model_.type());
    const std::uint32_t group = config_.heads / config_.kv_heads;
    const std::size_t dim = config_.head_dim;
    const std::size_t r = first_ + i;
    float* queries = work_.qkv(r) + kv * group * dim;
    for (std::size_t q = 0; q < group; ++q) {
      kernels_.rotate(queries + q * dim, work_.cosines(r), work_.sines(r), dim / 2);
    }
    kernels_.attend[type](rows_[i].cache->head(layer, kv), positions, queries, group,
                          config_.head_dim, scale_, work_.scratch(member_.thread()),
                          work_.attended(r) + kv * group * dim);
  }

  /// Reads what row `i` will attend to in one sweep, which the machine prefetches far better than
  /// the same reads with sums in between.
  void bring_near(const HeadCache& cache, std::size_t i) const {
    const std::size_t blocks = rows_[i].position / block_positions + 1;
    kernels_.read(cache.keys, std::min(blocks * cache.block_bytes, swept_bytes));
  }

  const Transformer& model_;
  const Kernels& kernels_;
  const TransformerConfig& config_;
  Workspace& work_;
  const std::size_t first_;
  const std::span<const Row> rows_;
  const Member member_;
  const bool far_;
  const float scale_ = 1.0f / std::sqrt(static_cast<float>(config_.head_dim));
};

std::size_t widest_operand(const Transformer& model) {
  std::size_t bytes = model.ends().widest_operand();
  for (const Layer& layer : model.layers()) {
    for (const Matrix* m : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) {
      bytes = std::max(bytes, m->operand_bytes());
    }
  }
  return bytes;
}

std::size_t widest_hidden(const Transformer& model) {
  return std::max(2 * std::size_t{model.config().ff}, model.ends().widest_hidden());
}

constexpr std::size_t floats_a_line = cache_line / sizeof(float);

}  // namespace

Workspace::Workspace(const Transformer& model, std::size_t rows, std::size_t members,
                     std::size_t context)
    : rows_(rows),
      dim_(model.config().dim),
      qkv_stride_(round_up(model.layers().front().qkv.outputs(), floats_a_line)),
      attended_stride_(round_up(model.layers().front().o.inputs(), floats_a_line)),
      hidden_stride_(round_up(widest_hidden(model), floats_a_line)),
      angles_(round_up(model.config().head_dim / 2, floats_a_line)),
      operand_stride_(widest_operand(model)),
      scratch_stride_(round_up(context, 64)),
      x_(rows * dim_),
      normed_(rows * dim_),
      qkv_(rows * qkv_stride_),
      attended_(rows * attended_stride_),
      hidden_(rows * hidden_stride_),
      cosines_(rows * angles_),
      sines_(rows * angles_),
      operands_(rows * operand_stride_),
      scratch_(members * scratch_stride_) {}

void run_layers(const Transformer& model, Workspace& work, std::size_t first_row,
                std::span<const Row> rows, std::size_t first_layer, std::size_t last_layer,
                Member member) {
  assert(first_layer <= last_layer && last_layer <= model.layers().size());
  assert(first_row + rows.size() <= work.rows());
  Pass pass(model, work, first_row, rows, member);
  pass.angles();
  for (std::size_t i = first_layer; i < last_layer; ++i) {
    pass.attention_block(model.layers()[i], i);
    pass.feed_forward_block(model.layers()[i]);
  }
}

}  // namespace antiphon::nn
