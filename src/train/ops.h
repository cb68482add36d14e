// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <utility>

namespace antiphon::train {

/// The operations of event models that libtorch has no fast form of, each with its
/// gradient. `ops::` takes the hand-written ones on the CPU and the plain ones elsewhere;
/// `ops::plain::` are compositions of libtorch's own operations, which the others are tested
/// against.
///
/// Types: "product type" is what matrix products run in, bfloat16 or float; sums and statistics are
/// float everywhere.

/// How `attention` reads its input.
struct AttentionShape {
  std::int64_t sequences;
  std::int64_t length;
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t head_dim;
  bool causal = true;  ///< Else all steps of a sequence see each other.
};

/// Bags of rows on the device. Shapes: rows [n], offsets [bags + 1], both int32.
struct DeviceBags {
  at::Tensor rows;
  at::Tensor offsets;
};

/// Where the steps stand. Shapes: cosine and sine [steps, head_dim / 2] float, first [steps] int32:
/// the index within its sequence of the first step that a step may see.
struct Positions {
  at::Tensor cosine;
  at::Tensor sine;
  at::Tensor first;
};

namespace ops {

/// Sum of the rows of each bag. Shapes: table [rows, dim] float -> [bags, dim] float.
at::Tensor bag(const at::Tensor& table, const DeviceBags& bags);

/// {x + delta, rmsnorm(x + delta) * weight}. `delta` may be undefined.
/// Shapes: x [n, dim] float, delta [n, dim] product type, weight [dim] float -> float and
/// `product`.
std::pair<at::Tensor, at::Tensor> add_norm(const at::Tensor& x, const at::Tensor& delta,
                                           const at::Tensor& weight, at::ScalarType product);

/// silu(gate) * up. Shapes: [n, 2 ff] (gate, then up) -> [n, ff].
at::Tensor swiglu(const at::Tensor& gate_up);

at::Tensor silu(const at::Tensor& x);

/// Rotary positions and grouped-query attention.
/// Shapes: qkv [steps, (heads + 2 kv_heads) * head_dim] -> [steps, heads * head_dim].
at::Tensor attention(const at::Tensor& qkv, const Positions& positions,
                     const AttentionShape& shape);

/// A layer of LSTM (Hochreiter and Schmidhuber 1997; Gers et al. 2000) that begins with nothing
/// where an excerpt does. `gates` is what the inputs add to its gates: input, forget, cell, output.
/// Shapes: gates [sequences * length, 4 dim] and weight [4 dim, dim] product type, bias [4 dim]
/// float, first [steps] int32 as in `Positions` -> [steps, dim] product type.
at::Tensor lstm(const at::Tensor& gates, const at::Tensor& weight, const at::Tensor& bias,
                const at::Tensor& first, std::int64_t sequences);

/// Rows `index` of x in the product type. No row twice. Shapes: x [n, dim] float, index [m] int64.
at::Tensor take(const at::Tensor& x, const at::Tensor& index, at::ScalarType product);

/// Sum over rows of -ln softmax(logits + bias)[target] times weight. Shapes: logits [n, size]
/// product type, bias [size] float or undefined, target [n] int64, weight [n] float or undefined:
/// all 1.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& bias, const at::Tensor& target,
                         const at::Tensor& weight = {});

namespace plain {
at::Tensor bag(const at::Tensor& table, const DeviceBags& bags);
std::pair<at::Tensor, at::Tensor> add_norm(const at::Tensor& x, const at::Tensor& delta,
                                           const at::Tensor& weight, at::ScalarType product);
at::Tensor swiglu(const at::Tensor& gate_up);
at::Tensor attention(const at::Tensor& qkv, const Positions& positions,
                     const AttentionShape& shape);
at::Tensor lstm(const at::Tensor& gates, const at::Tensor& weight, const at::Tensor& bias,
                const at::Tensor& first, std::int64_t sequences);
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& bias, const at::Tensor& target,
                         const at::Tensor& weight = {});
}  // namespace plain
}  // namespace ops
}  // namespace antiphon::train
