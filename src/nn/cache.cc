// SPDX-License-Identifier: Apache-2.0
#include "nn/cache.h"

#include <cassert>
#include <cstring>

namespace antiphon::nn {

Cache::Cache(Type type, std::size_t first_layer, std::size_t last_layer, std::size_t kv_heads,
             std::size_t head_dim, std::size_t capacity)
    : first_layer_(first_layer),
      last_layer_(last_layer),
      kv_heads_(kv_heads),
      dim_(round_up(head_dim, 16)),
      blocks_(round_up(capacity, block_positions) / block_positions),
      part_bytes_(block_positions * (dim_ * size_of(type) + (type == Type::i8 ? 4 : 0))),
      memory_((last_layer - first_layer) * kv_heads * blocks_ * 2 * part_bytes_) {}

std::size_t Cache::bytes_per_position() const {
  return memory_.size() / (blocks_ * block_positions);
}

void Cache::copy(const Cache& other, std::size_t first, std::size_t last) {
  assert(other.part_bytes_ == part_bytes_ && last <= blocks_ * block_positions);
  if (first == last) return;
  const std::size_t block = 2 * part_bytes_, begin = first / block_positions;
  const std::size_t bytes = (round_up(last, block_positions) / block_positions - begin) * block;
  for (std::size_t head = 0; head < (last_layer_ - first_layer_) * kv_heads_; ++head) {
    std::memcpy(memory_.data() + (head * blocks_ + begin) * block,
                other.memory_.data() + (head * other.blocks_ + begin) * block, bytes);
  }
}

HeadCache Cache::head(std::size_t layer, std::size_t kv_head) {
  assert(layer >= first_layer_ && layer < last_layer_ && kv_head < kv_heads_);
  const std::size_t head = (layer - first_layer_) * kv_heads_ + kv_head;
  std::byte* keys = memory_.data() + head * blocks_ * 2 * part_bytes_;
  return {keys, keys + part_bytes_, 2 * part_bytes_, static_cast<std::uint32_t>(dim_)};
}

}  // namespace antiphon::nn
