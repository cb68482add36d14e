// SPDX-License-Identifier: Apache-2.0
#include "nn/cache.h"

#include <cassert>

namespace antiphon::nn {

Cache::Cache(Type type, std::size_t first_layer, std::size_t last_layer, std::size_t kv_heads,
             std::size_t head_dim, std::size_t capacity)
    : type_(type),
      first_layer_(first_layer),
      last_layer_(last_layer),
      kv_heads_(kv_heads),
      dim_(round_up(head_dim, 16)),
      positions_(round_up(capacity, 64)),
      head_bytes_(positions_ * dim_ * size_of(type)),
      numbers_((last_layer - first_layer) * kv_heads * 2 * head_bytes_),
      scales_(type == Type::i8 ? (last_layer - first_layer) * kv_heads * 2 * positions_ : 0) {}

std::size_t Cache::bytes_per_position() const {
  return (numbers_.size() + scales_.size() * sizeof(float)) / positions_;
}

HeadCache Cache::head(std::size_t layer, std::size_t kv_head) {
  assert(layer >= first_layer_ && layer < last_layer_ && kv_head < kv_heads_);
  const std::size_t index = ((layer - first_layer_) * kv_heads_ + kv_head) * 2;
  std::byte* keys = numbers_.data() + index * head_bytes_;
  float* scales = scales_.empty() ? nullptr : scales_.data() + index * positions_;
  return {keys, keys + head_bytes_, scales, scales ? scales + positions_ : nullptr,
          static_cast<std::uint32_t>(dim_)};
}

}  // namespace antiphon::nn
