// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <torch/version.h>

#include <vector>

#include "train/ops.h"

namespace antiphon::train::ops::plain {
namespace {

constexpr double epsilon = 1e-5;

// x [.., length, head_dim]: pair j is (j, j + head_dim / 2).
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cosine, const at::Tensor& sine) {
  const auto halves = x.chunk(2, -1);
  return at::cat({halves[0] * cosine - halves[1] * sine, halves[1] * cosine + halves[0] * sine},
                 -1);
}

}  // namespace

at::Tensor bag(const at::Tensor& table, const DeviceBags& bags) {
  const auto count = bags.offsets.size(0) - 1;
  const auto sizes = bags.offsets.slice(0, 1).sub(bags.offsets.slice(0, 0, count)).to(at::kLong);
  const auto bag_of = at::repeat_interleave(sizes);
  const auto picked = table.index_select(0, bags.rows.to(at::kLong));
  return at::zeros({count, table.size(1)}, table.options()).index_add(0, bag_of, picked);
}

std::pair<at::Tensor, at::Tensor> add_norm(const at::Tensor& x, const at::Tensor& delta,
                                           const at::Tensor& weight, at::ScalarType product) {
  const auto sum = delta.defined() ? x + delta : x;
  const auto scale = at::rsqrt(sum.pow(2).mean(-1, true) + epsilon);
  return {sum, (sum * scale * weight).to(product)};
}

at::Tensor swiglu(const at::Tensor& gate_up) {
  const auto halves = gate_up.chunk(2, -1);
  return at::silu(halves[0]) * halves[1];
}

at::Tensor attention(const at::Tensor& qkv, const Positions& positions,
                     const AttentionShape& shape) {
  const auto [n, length, heads, kv_heads, head_dim, causal] = shape;
  const auto parts = qkv.view({n, length, heads + 2 * kv_heads, head_dim})
                         .transpose(1, 2)
                         .split_with_sizes({heads, kv_heads, kv_heads}, 1);
  const auto cosine = positions.cosine.view({n, 1, length, head_dim / 2});
  const auto sine = positions.sine.view({n, 1, length, head_dim / 2});
  const auto q = rotate(parts[0].to(at::kFloat), cosine, sine).to(qkv.scalar_type());
  const auto group = heads / kv_heads;
  const auto k = rotate(parts[1].to(at::kFloat), cosine, sine)
                     .to(qkv.scalar_type())
                     .repeat_interleave(group, 1);
  const auto v = parts[2].repeat_interleave(group, 1);

  // Step t sees steps first[t] to t of its sequence, or to the sequence's end.
  const auto at_step = at::arange(length, positions.first.options());
  const auto first = positions.first.view({n, 1, length, 1});
  const auto last = causal ? at_step.view({length, 1}) : at_step.max();
  const auto seen = at_step.ge(first).logical_and(at_step.le(last));
#if TORCH_VERSION_MAJOR >= 2
  const auto out = at::scaled_dot_product_attention(q, k, v, seen);
#else
  const auto scores =
      at::matmul(q, k.transpose(-1, -2)).to(at::kFloat) / std::sqrt(static_cast<double>(head_dim));
  const auto masked = scores.masked_fill(seen.logical_not(), -1e30);
  const auto out = at::matmul(at::softmax(masked, -1).to(v.scalar_type()), v);
#endif
  return out.transpose(1, 2).reshape({n * length, heads * head_dim});
}

at::Tensor lstm(const at::Tensor& gates, const at::Tensor& weight, const at::Tensor& bias,
                const at::Tensor& first, std::int64_t sequences) {
  const auto length = gates.size(0) / sequences;
  const auto dim = weight.size(1);
  const auto x = gates.view({sequences, length, 4 * dim});
  // 0 where an excerpt begins.
  const auto keep = first.view({sequences, length})
                        .ne(at::arange(length, first.options()))
                        .to(at::kFloat)
                        .unsqueeze(2);
  at::Tensor c = at::zeros({sequences, dim}, gates.options().dtype(at::kFloat));
  at::Tensor h = at::zeros({sequences, dim}, gates.options());
  std::vector<at::Tensor> out;
  for (std::int64_t t = 0; t < length; ++t) {
    const auto kept = keep.select(1, t);
    h = (h * kept).to(gates.scalar_type());
    const auto sum = x.select(1, t).to(at::kFloat) + at::mm(h, weight.t()).to(at::kFloat) + bias;
    const auto open = sum.chunk(4, 1);
    c = at::sigmoid(open[1]) * c * kept + at::sigmoid(open[0]) * at::tanh(open[2]);
    h = (at::sigmoid(open[3]) * at::tanh(c)).to(gates.scalar_type());
    out.push_back(h);
  }
  return at::stack(out, 1).view({sequences * length, dim});
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& bias, const at::Tensor& target,
                         const at::Tensor& weight) {
  const auto exact = logits.to(at::kFloat);
  const auto log_p = at::log_softmax(bias.defined() ? exact + bias : exact, -1);
  const auto own = log_p.gather(1, target.view({-1, 1})).view({-1});
  return -(weight.defined() ? own * weight : own).sum();
}

}  // namespace antiphon::train::ops::plain
