// SPDX-License-Identifier: Apache-2.0
#include "train/ops.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <mutex>
#include <vector>

#include "train/kernels.h"

namespace antiphon::train::ops {
namespace {

using at::Tensor;
using kernels::Bf16;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t rows_a_task = 64;

template <class T>
T* data(const Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

// Calls `body` with a value of the kernels' type for `type`.
template <class Body>
void with_type(at::ScalarType type, const Body& body) {
  if (type == at::kBFloat16) {
    body(Bf16{});
  } else {
    body(float{});
  }
}

// Functions take no undefined tensors: one without numbers stands for it.
Tensor or_empty(const Tensor& x) { return x.defined() ? x : at::empty({0}); }
Tensor contiguous_or_undefined(const Tensor& x) { return x.defined() ? x.contiguous() : x; }

struct Bag : torch::autograd::Function<Bag> {
  static Tensor forward(AutogradContext* context, const Tensor& table, const Tensor& rows,
                        const Tensor& offsets) {
    const auto bags = offsets.size(0) - 1;
    const auto dim = table.size(1);
    Tensor out = at::empty({bags, dim}, table.options());
    at::parallel_for(0, bags, rows_a_task, [&](std::int64_t begin, std::int64_t end) {
      kernels::bag(data<float>(table), data<std::int32_t>(rows), data<std::int32_t>(offsets), begin,
                   end, dim, data<float>(out));
    });
    context->save_for_backward({rows, offsets});
    context->saved_data["table_rows"] = table.size(0);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor gradient = gradients[0].contiguous();
    const auto dim = gradient.size(1);
    Tensor table_gradient =
        at::zeros({context->saved_data["table_rows"].toInt(), dim}, gradient.options());
    // By components, so that no two threads write to one number.
    at::parallel_for(0, dim, (dim + 1) / 2, [&](std::int64_t begin, std::int64_t end) {
      kernels::bag_gradient(data<float>(gradient), data<std::int32_t>(saved[0]),
                            data<std::int32_t>(saved[1]), gradient.size(0), dim, begin, end,
                            data<float>(table_gradient));
    });
    return {table_gradient, Tensor(), Tensor()};
  }
};

struct AddNorm : torch::autograd::Function<AddNorm> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& delta,
                               const Tensor& weight, at::ScalarType product) {
    const auto rows = x.size(0);
    const auto dim = x.size(1);
    const bool with_delta = delta.numel() > 0;
    TORCH_CHECK(!with_delta || delta.scalar_type() == product, "delta must be of the product type");
    const Tensor sum = with_delta ? at::empty_like(x) : x;
    const Tensor normed = at::empty({rows, dim}, x.options().dtype(product));
    const Tensor scale = at::empty({rows}, x.options());
    with_type(product, [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, rows, rows_a_task, [&](std::int64_t begin, std::int64_t end) {
        const auto at = begin * dim;
        kernels::add_norm<T>(data<float>(x) + at, with_delta ? data<T>(delta) + at : nullptr,
                             data<float>(weight), end - begin, dim, data<float>(sum) + at,
                             data<T>(normed) + at, data<float>(scale) + begin);
      });
    });
    context->save_for_backward({sum, weight, scale});
    context->saved_data["delta"] = with_delta;
    if (!with_delta) return {normed};
    return {normed, sum};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &sum = saved[0], &weight = saved[1], &scale = saved[2];
    const bool with_delta = context->saved_data["delta"].toBool();
    const Tensor normed_gradient = gradients[0].contiguous();
    const Tensor sum_gradient = with_delta ? contiguous_or_undefined(gradients[1]) : Tensor();
    const auto rows = sum.size(0);
    const auto dim = sum.size(1);
    const Tensor x_gradient = at::empty_like(sum);
    const Tensor delta_gradient = with_delta ? at::empty_like(normed_gradient) : Tensor();
    const Tensor weight_gradient = at::zeros_like(weight);
    std::mutex joining;
    with_type(normed_gradient.scalar_type(), [&](auto type) {
      using T = decltype(type);
      const auto per_task = (rows + at::get_num_threads() - 1) / at::get_num_threads();
      at::parallel_for(0, rows, per_task, [&](std::int64_t begin, std::int64_t end) {
        const auto at = begin * dim;
        std::vector<float> own(static_cast<std::size_t>(dim));
        kernels::add_norm_gradient<T>(
            data<float>(sum) + at, data<float>(weight), data<float>(scale) + begin,
            sum_gradient.defined() ? data<float>(sum_gradient) + at : nullptr,
            data<T>(normed_gradient) + at, end - begin, dim, data<float>(x_gradient) + at,
            with_delta ? data<T>(delta_gradient) + at : nullptr, own.data());
        const std::lock_guard lock(joining);
        for (std::size_t d = 0; d < own.size(); ++d) data<float>(weight_gradient)[d] += own[d];
      });
    });
    return {x_gradient, delta_gradient, weight_gradient, Tensor()};
  }
};

struct Swiglu : torch::autograd::Function<Swiglu> {
  static Tensor forward(AutogradContext* context, const Tensor& gate_up) {
    const auto rows = gate_up.size(0);
    const auto ff = gate_up.size(1) / 2;
    Tensor out = at::empty({rows, ff}, gate_up.options());
    with_type(gate_up.scalar_type(), [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, rows, rows_a_task, [&](std::int64_t begin, std::int64_t end) {
        kernels::swiglu<T>(data<T>(gate_up) + begin * 2 * ff, end - begin, ff,
                           data<T>(out) + begin * ff);
      });
    });
    context->save_for_backward({gate_up});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor gradient = gradients[0].contiguous();
    const auto ff = gradient.size(1);
    Tensor gate_up_gradient = at::empty_like(saved[0]);
    with_type(gradient.scalar_type(), [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, gradient.size(0), rows_a_task, [&](std::int64_t begin, std::int64_t end) {
        kernels::swiglu_gradient<T>(data<T>(saved[0]) + begin * 2 * ff,
                                    data<T>(gradient) + begin * ff, end - begin, ff,
                                    data<T>(gate_up_gradient) + begin * 2 * ff);
      });
    });
    return {gate_up_gradient};
  }
};

// Queries a block of attention: each needs only the keys up to its end, so a quarter to a half of
// the products that a whole square would take is saved.
constexpr std::int64_t block = 128;

struct Attention : torch::autograd::Function<Attention> {
  // Query heads that share keys and values lie side by side within a block: q is
  // [blocks][sequences * kv_heads, group * block, head_dim], so that one product serves them all.
  struct Layout {
    AttentionShape shape;
    std::int64_t group() const { return shape.heads / shape.kv_heads; }
    std::int64_t pairs() const { return shape.sequences * shape.kv_heads; }
    std::int64_t blocks() const { return (shape.length + block - 1) / block; }
    std::int64_t begin(std::int64_t b) const { return b * block; }
    std::int64_t end(std::int64_t b) const { return std::min(shape.length, (b + 1) * block); }
    // Steps, from the first, whose keys a block's queries meet.
    std::int64_t met(std::int64_t b) const { return shape.causal ? end(b) : shape.length; }
    std::int64_t width() const { return (shape.heads + 2 * shape.kv_heads) * shape.head_dim; }
  };

  // One block's queries, [pairs, group, rows, head_dim], from or to rows of `width` numbers.
  template <class T, class Move>
  static void for_queries(const Layout& layout, std::int64_t b, const Move& move) {
    const auto& s = layout.shape;
    const auto rows = layout.end(b) - layout.begin(b);
    at::parallel_for(0, s.sequences * rows, rows_a_task, [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t i = from; i < to; ++i) {
        const auto sequence = i / rows;
        const auto row = i % rows;
        const auto step = sequence * s.length + layout.begin(b) + row;
        for (std::int64_t h = 0; h < s.heads; ++h) {
          const auto pair = sequence * s.kv_heads + h / layout.group();
          const auto at = ((pair * layout.group() + h % layout.group()) * rows + row) * s.head_dim;
          move(step, h, at);
        }
      }
    });
  }

  static Tensor forward(AutogradContext* context, const Tensor& qkv, const Tensor& cosine,
                        const Tensor& sine, const Tensor& first, AttentionShape shape) {
    const Layout layout{shape};
    const auto [n, length, heads, kv_heads, head_dim, causal] = shape;
    const auto half = head_dim / 2;
    const auto scale = 1.0F / std::sqrt(static_cast<float>(head_dim));
    const Tensor k = at::empty({layout.pairs(), length, head_dim}, qkv.options());
    const Tensor v = at::empty_like(k);
    const Tensor out = at::empty({n * length, heads * head_dim}, qkv.options());
    variable_list saved = {cosine, sine, k, v};
    with_type(qkv.scalar_type(), [&](auto type) {
      using T = decltype(type);
      const auto row = [&](std::int64_t step) { return data<T>(qkv) + step * layout.width(); };
      at::parallel_for(0, n * length, rows_a_task, [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t step = from; step < to; ++step) {
          const T* keys = row(step) + heads * head_dim;
          const T* values = keys + kv_heads * head_dim;
          for (std::int64_t h = 0; h < kv_heads; ++h) {
            const auto at = ((step / length * kv_heads + h) * length + step % length) * head_dim;
            kernels::rotate<T>(keys + h * head_dim, data<float>(cosine) + step * half,
                               data<float>(sine) + step * half, half, 1.0F, 1.0F, data<T>(k) + at);
            std::copy_n(values + h * head_dim, head_dim, data<T>(v) + at);
          }
        }
      });
      for (std::int64_t b = 0; b < layout.blocks(); ++b) {
        const auto rows = layout.end(b) - layout.begin(b);
        const auto met = layout.met(b);
        const Tensor q =
            at::empty({layout.pairs(), layout.group() * rows, head_dim}, qkv.options());
        for_queries<T>(layout, b, [&](std::int64_t step, std::int64_t h, std::int64_t at) {
          kernels::rotate<T>(row(step) + h * head_dim, data<float>(cosine) + step * half,
                             data<float>(sine) + step * half, half, scale, 1.0F, data<T>(q) + at);
        });
        const Tensor p = at::bmm(q, k.narrow(1, 0, met).transpose(1, 2)).contiguous();
        for_scores<T>(layout, b, first, [&](std::int64_t at, std::int64_t from, std::int64_t to) {
          kernels::softmax<T>(data<T>(p) + at * met, from, to, met);
        });
        const Tensor mixed = at::bmm(p, v.narrow(1, 0, met)).contiguous();
        for_queries<T>(layout, b, [&](std::int64_t step, std::int64_t h, std::int64_t at) {
          std::copy_n(data<T>(mixed) + at, head_dim, data<T>(out) + (step * heads + h) * head_dim);
        });
        saved.push_back(q);
        saved.push_back(p);
      }
    });
    saved.push_back(first);
    context->save_for_backward(saved);
    context->saved_data["shape"] =
        std::vector<std::int64_t>{n, length, heads, kv_heads, head_dim, causal};
    return out;
  }

  // The rows of one block's scores, with the first and last step that each sees.
  template <class T, class Each>
  static void for_scores(const Layout& layout, std::int64_t b, const Tensor& first,
                         const Each& each) {
    const auto rows = layout.end(b) - layout.begin(b);
    const auto count = layout.pairs() * layout.group() * rows;
    at::parallel_for(0, count, rows_a_task, [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t i = from; i < to; ++i) {
        const auto sequence = i / (layout.shape.heads * rows);
        const auto step = layout.begin(b) + i % rows;
        each(i, data<std::int32_t>(first)[sequence * layout.shape.length + step],
             layout.shape.causal ? step : layout.shape.length - 1);
      }
    });
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto sizes = context->saved_data["shape"].toIntVector();
    const Layout layout{{sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5] != 0}};
    const auto [n, length, heads, kv_heads, head_dim, causal] = layout.shape;
    const auto half = head_dim / 2;
    const auto scale = 1.0F / std::sqrt(static_cast<float>(head_dim));
    const Tensor &cosine = saved[0], &sine = saved[1], &k = saved[2], &v = saved[3];
    const Tensor& first = saved.back();
    const Tensor gradient = gradients[0].contiguous();
    const Tensor qkv_gradient = at::empty({n * length, layout.width()}, gradient.options());
    const Tensor k_gradient = at::zeros_like(k, k.options().dtype(at::kFloat));
    const Tensor v_gradient = at::zeros_like(k_gradient);
    with_type(gradient.scalar_type(), [&](auto type) {
      using T = decltype(type);
      const auto row = [&](std::int64_t step) {
        return data<T>(qkv_gradient) + step * layout.width();
      };
      for (std::int64_t b = 0; b < layout.blocks(); ++b) {
        const auto met = layout.met(b);
        const Tensor& q = saved[static_cast<std::size_t>(4 + 2 * b)];
        const Tensor& p = saved[static_cast<std::size_t>(5 + 2 * b)];
        const Tensor mixed_gradient = at::empty_like(q);
        for_queries<T>(layout, b, [&](std::int64_t step, std::int64_t h, std::int64_t at) {
          std::copy_n(data<T>(gradient) + (step * heads + h) * head_dim, head_dim,
                      data<T>(mixed_gradient) + at);
        });
        v_gradient.narrow(1, 0, met).add_(at::bmm(p.transpose(1, 2), mixed_gradient));
        const Tensor p_gradient =
            at::bmm(mixed_gradient, v.narrow(1, 0, met).transpose(1, 2)).contiguous();
        for_scores<T>(layout, b, first, [&](std::int64_t at, std::int64_t from, std::int64_t to) {
          kernels::softmax_gradient<T>(data<T>(p) + at * met, data<T>(p_gradient) + at * met, from,
                                       to, met);
        });
        k_gradient.narrow(1, 0, met).add_(at::bmm(p_gradient.transpose(1, 2), q));
        const Tensor q_gradient = at::bmm(p_gradient, k.narrow(1, 0, met)).contiguous();
        for_queries<T>(layout, b, [&](std::int64_t step, std::int64_t h, std::int64_t at) {
          kernels::rotate<T>(data<T>(q_gradient) + at, data<float>(cosine) + step * half,
                             data<float>(sine) + step * half, half, scale, -1.0F,
                             row(step) + h * head_dim);
        });
      }
      const Tensor narrow_k = k_gradient.to(gradient.scalar_type());
      const Tensor narrow_v = v_gradient.to(gradient.scalar_type());
      at::parallel_for(0, n * length, rows_a_task, [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t step = from; step < to; ++step) {
          T* keys = row(step) + heads * head_dim;
          T* values = keys + kv_heads * head_dim;
          for (std::int64_t h = 0; h < kv_heads; ++h) {
            const auto at = ((step / length * kv_heads + h) * length + step % length) * head_dim;
            kernels::rotate<T>(data<T>(narrow_k) + at, data<float>(cosine) + step * half,
                               data<float>(sine) + step * half, half, 1.0F, -1.0F,
                               keys + h * head_dim);
            std::copy_n(data<T>(narrow_v) + at, head_dim, values + h * head_dim);
          }
        }
      });
    });
    return {qkv_gradient, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

// Within, steps are outermost: [length, sequences, ..], so that each step's products read one
// block.
struct Lstm : torch::autograd::Function<Lstm> {
  // [length, sequences], 0 where an excerpt begins.
  static Tensor keep_of(const Tensor& first, std::int64_t sequences, std::int64_t length) {
    const Tensor keep = at::empty({length, sequences}, first.options().dtype(at::kFloat));
    for (std::int64_t t = 0; t < length; ++t) {
      for (std::int64_t s = 0; s < sequences; ++s) {
        const bool begins = data<std::int32_t>(first)[s * length + t] == t;
        data<float>(keep)[t * sequences + s] = begins ? 0.0F : 1.0F;
      }
    }
    return keep;
  }

  // Calls `each(begin, end)` for shares of the sequences.
  template <class Each>
  static void for_sequences(std::int64_t sequences, const Each& each) {
    at::parallel_for(0, sequences, (sequences + at::get_num_threads() - 1) / at::get_num_threads(),
                     each);
  }

  static Tensor forward(AutogradContext* context, const Tensor& x_gates, const Tensor& weight,
                        const Tensor& bias, const Tensor& first, std::int64_t sequences) {
    const auto length = x_gates.size(0) / sequences;
    const auto dim = weight.size(1);
    const Tensor keep = keep_of(first, sequences, length);
    const Tensor gates = at::empty({length, sequences, 4 * dim}, x_gates.options());
    const Tensor h_before = at::empty({length, sequences, dim}, x_gates.options());
    const Tensor cells = at::empty({length + 1, sequences, dim}, keep.options());
    Tensor h_gates = at::empty({sequences, 4 * dim}, x_gates.options());
    const Tensor out = at::empty({sequences * length, dim}, x_gates.options());
    const Tensor columns = weight.t();
    h_before[0].zero_();
    cells[0].zero_();
    with_type(x_gates.scalar_type(), [&](auto type) {
      using T = decltype(type);
      for (std::int64_t t = 0; t < length; ++t) {
        const bool last = t + 1 == length;
        at::mm_out(h_gates, h_before[t], columns);
        for_sequences(sequences, [&](std::int64_t begin, std::int64_t end) {
          const auto at = t * sequences + begin;
          const float* keeps = data<float>(keep) + at;
          const kernels::LstmStep step{end - begin,  dim,   length * 4 * dim,
                                       length * dim, keeps, last ? nullptr : keeps + sequences};
          const auto row = begin * length + t;
          kernels::lstm<T>(step, data<T>(x_gates) + row * 4 * dim,
                           data<T>(h_gates) + begin * 4 * dim, data<float>(bias),
                           data<float>(cells) + at * dim, data<T>(gates) + at * 4 * dim,
                           data<float>(cells) + (at + sequences) * dim, data<T>(out) + row * dim,
                           last ? nullptr : data<T>(h_before) + (at + sequences) * dim);
        });
      }
    });
    context->save_for_backward({weight, keep, gates, h_before, cells});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &weight = saved[0], &keep = saved[1], &h_before = saved[3], &cells = saved[4];
    const auto length = h_before.size(0), sequences = h_before.size(1), dim = h_before.size(2);
    const Tensor gates = saved[2].clone();  // Become their own gradients.
    const Tensor gradient = gradients[0].contiguous();
    Tensor from_next = at::zeros({sequences, dim}, gradient.options());
    const Tensor cells_gradient = at::zeros({sequences, dim}, keep.options());
    const Tensor ones = at::ones({sequences}, keep.options());
    Tensor bias_gradient = at::zeros({4 * dim}, keep.options());
    with_type(gradient.scalar_type(), [&](auto type) {
      using T = decltype(type);
      for (std::int64_t t = length - 1; t >= 0; --t) {
        for_sequences(sequences, [&](std::int64_t begin, std::int64_t end) {
          const auto at = t * sequences + begin;
          const float* keeps = data<float>(keep) + at;
          const bool last = t + 1 == length;
          const kernels::LstmStep step{
              end - begin,  dim,   length * 4 * dim,
              length * dim, keeps, last ? data<float>(ones) + begin : keeps + sequences};
          kernels::lstm_gradient<T>(step, data<T>(gradient) + (begin * length + t) * dim,
                                    data<T>(from_next) + begin * dim, data<float>(cells) + at * dim,
                                    data<float>(cells) + (at + sequences) * dim,
                                    data<T>(gates) + at * 4 * dim,
                                    data<float>(cells_gradient) + begin * dim);
        });
        if (t > 0) at::mm_out(from_next, gates[t], weight);
      }
      kernels::column_sums<T>(data<T>(gates), length * sequences, 4 * dim, 1.0F,
                              data<float>(bias_gradient));
    });
    const Tensor weight_gradient = at::mm(gates.view({length * sequences, 4 * dim}).t(),
                                          h_before.view({length * sequences, dim}));
    const Tensor x_gradient =
        gates.transpose(0, 1).contiguous().view({sequences * length, 4 * dim});
    return {x_gradient, weight_gradient, bias_gradient, Tensor(), Tensor()};
  }
};

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
  static Tensor forward(AutogradContext* context, const Tensor& logits, const Tensor& bias,
                        const Tensor& target, const Tensor& weight) {
    const auto rows = logits.size(0);
    const auto size = logits.size(1);
    const Tensor gradient = at::empty_like(logits);
    double loss = 0;
    std::mutex joining;
    with_type(logits.scalar_type(), [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, rows, rows_a_task, [&](std::int64_t begin, std::int64_t end) {
        const double own = kernels::cross_entropy<T>(
            data<T>(logits) + begin * size, bias.numel() > 0 ? data<float>(bias) : nullptr,
            data<std::int64_t>(target) + begin,
            weight.numel() > 0 ? data<float>(weight) + begin : nullptr, end - begin, size,
            data<T>(gradient) + begin * size);
        const std::lock_guard lock(joining);
        loss += own;
      });
    });
    context->save_for_backward({gradient});
    context->saved_data["bias"] = bias.numel() > 0;
    return at::scalar_tensor(loss, logits.options().dtype(at::kFloat));
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const Tensor gradient = context->get_saved_variables()[0];
    const auto factor = gradients[0].item<float>();
    Tensor bias_gradient;
    if (context->saved_data["bias"].toBool()) {
      bias_gradient = at::zeros({gradient.size(1)}, gradient.options().dtype(at::kFloat));
      with_type(gradient.scalar_type(), [&](auto type) {
        using T = decltype(type);
        kernels::column_sums<T>(data<T>(gradient), gradient.size(0), gradient.size(1), factor,
                                data<float>(bias_gradient));
      });
    }
    return {gradient * factor, bias_gradient, Tensor(), Tensor()};
  }
};

}  // namespace

Tensor bag(const Tensor& table, const DeviceBags& bags) {
  if (!table.is_cpu()) return plain::bag(table, bags);
  return Bag::apply(table, bags.rows, bags.offsets);
}

std::pair<Tensor, Tensor> add_norm(const Tensor& x, const Tensor& delta, const Tensor& weight,
                                   at::ScalarType product) {
  if (!x.is_cpu()) return plain::add_norm(x, delta, weight, product);
  const auto out = AddNorm::apply(x, or_empty(delta), weight, product);
  return {out.size() == 2 ? out[1] : x, out[0]};
}

Tensor swiglu(const Tensor& gate_up) {
  return gate_up.is_cpu() ? Swiglu::apply(gate_up) : plain::swiglu(gate_up);
}

Tensor silu(const Tensor& x) { return at::silu(x); }

Tensor attention(const Tensor& qkv, const Positions& positions, const AttentionShape& shape) {
  if (!qkv.is_cpu()) return plain::attention(qkv, positions, shape);
  return Attention::apply(qkv, positions.cosine, positions.sine, positions.first, shape);
}

Tensor lstm(const Tensor& gates, const Tensor& weight, const Tensor& bias, const Tensor& first,
            std::int64_t sequences) {
  if (!gates.is_cpu()) return plain::lstm(gates, weight, bias, first, sequences);
  return Lstm::apply(gates, weight, bias, first, sequences);
}

Tensor take(const Tensor& x, const Tensor& index, at::ScalarType product) {
  return x.index_select(0, index).to(product);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& bias, const Tensor& target,
                     const Tensor& weight) {
  if (!logits.is_cpu()) return plain::cross_entropy(logits, bias, target, weight);
  return CrossEntropy::apply(logits, or_empty(bias), target, or_empty(weight));
}

}  // namespace antiphon::train::ops
