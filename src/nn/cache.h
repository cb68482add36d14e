// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/aligned.h"
#include "nn/kernels/kernels.h"
#include "nn/type.h"

namespace antiphon::nn {

/// The keys and values of the steps so far, for some layers: what a session remembers. Nothing is
/// cleared when a session goes back; what lies past its size is never read.
class Cache {
 public:
  /// For layers [first_layer, last_layer). Allocates all that `capacity` positions need.
  Cache(Type type, std::size_t first_layer, std::size_t last_layer, std::size_t kv_heads,
        std::size_t head_dim, std::size_t capacity);

  std::size_t first_layer() const { return first_layer_; }
  std::size_t last_layer() const { return last_layer_; }
  /// Memory that attention reads for each position.
  std::size_t bytes_per_position() const;

  /// Copies positions [first, last) of another cache of the same layers and heads, which must agree
  /// with this one on those before in the block of `first`.
  void copy(const Cache& other, std::size_t first, std::size_t last);

  /// The part of one layer and head. Different parts may be written by different threads.
  HeadCache head(std::size_t layer, std::size_t kv_head);

 private:
  std::size_t first_layer_, last_layer_, kv_heads_;
  std::size_t dim_;                  ///< head_dim, rounded up to 16.
  std::size_t blocks_;               ///< That hold the capacity.
  std::size_t part_bytes_;           ///< Of the keys of a block, or its values.
  AlignedVector<std::byte> memory_;  ///< [layers, kv_heads, blocks, {keys, values}]
};

}  // namespace antiphon::nn
