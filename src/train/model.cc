// SPDX-License-Identifier: Apache-2.0
#include "train/model.h"

#include <cmath>
#include <string>
#include <utility>

namespace antiphon::train {
namespace {

// A copy of a vector on `device`.
template <class T>
at::Tensor tensor_of(const std::vector<T>& values, at::ScalarType type, at::Device device) {
  return at::from_blob(const_cast<T*>(values.data()), {static_cast<std::int64_t>(values.size())},
                       type)
      .to(device, type, /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace

Model::Model(Shape shape, at::ScalarType product, at::Device device, std::uint64_t seed)
    : shape_(std::move(shape)),
      product_(product),
      device_(device),
      parameters_(shape_, product, device, seed) {
  input_ = parameters_.leaf("input.weight");
  condition_ = parameters_.leaf("condition.weight");
  norm_ = parameters_.leaf("norm.weight");
  for (std::uint32_t i = 0; i < shape_.layers; ++i) {
    const std::string layer = "layer." + std::to_string(i) + ".";
    if (shape_.family == Family::lstm) {
      cells_.push_back({parameters_.leaf(layer + "norm.weight"),
                        parameters_.leaf(layer + "input.x.weight", layer + "output.x.weight"),
                        parameters_.leaf(layer + "input.h.weight", layer + "output.h.weight"),
                        parameters_.leaf(layer + "input.bias", layer + "output.bias")});
      continue;
    }
    layers_.push_back({parameters_.leaf(layer + "attention.norm.weight"),
                       parameters_.leaf(layer + "attention.q.weight", layer + "attention.v.weight"),
                       parameters_.leaf(layer + "attention.o.weight"),
                       parameters_.leaf(layer + "ff.norm.weight"),
                       parameters_.leaf(layer + "ff.gate.weight", layer + "ff.up.weight"),
                       parameters_.leaf(layer + "ff.down.weight")});
  }
  for (const nn::Field& field : shape_.fields) {
    const std::string name = "field." + field.name + ".";
    Head head;
    head.logits = parameters_.leaf(name + "logits.weight");
    if (field.hidden > 0) {
      head.hidden = parameters_.leaf(name + "hidden.weight");
      head.bias = parameters_.leaf(name + "logits.bias");
    }
    heads_.push_back(head);
  }
}

DeviceBags Model::to_device(const Bags& bags) const {
  return {tensor_of(bags.rows, at::kInt, device_), tensor_of(bags.offsets, at::kInt, device_)};
}

Positions Model::positions_of(const Batch& batch) const {
  const auto half = static_cast<std::size_t>(shape_.head_dim / 2);
  const nn::Rotary& rotary = shape_.rotary;
  const std::size_t index_pairs = rotary.index_pairs;
  std::vector<double> rates(half);
  for (std::size_t j = 0; j < half; ++j) {
    const bool by_index = j < index_pairs;
    const double base = by_index ? rotary.index_base : rotary.time_base;
    const double count = by_index ? rotary.index_pairs : rotary.time_pairs;
    rates[j] = std::pow(base, -static_cast<double>(by_index ? j : j - index_pairs) / count);
  }
  std::vector<float> cosine(batch.time.size() * half), sine(cosine.size());
  for (std::size_t step = 0; step < batch.time.size(); ++step) {
    const auto index =
        static_cast<double>(static_cast<std::int64_t>(step) % batch.length - batch.first[step]);
    const auto time = static_cast<double>(batch.time[step]);
    for (std::size_t j = 0; j < half; ++j) {
      const double angle = (j < index_pairs ? index : time) * rates[j];
      cosine[step * half + j] = static_cast<float>(std::cos(angle));
      sine[step * half + j] = static_cast<float>(std::sin(angle));
    }
  }
  const std::vector<std::int64_t> sizes = {static_cast<std::int64_t>(batch.time.size()),
                                           shape_.head_dim / 2};
  return {tensor_of(cosine, at::kFloat, device_).view(sizes),
          tensor_of(sine, at::kFloat, device_).view(sizes),
          tensor_of(batch.first, at::kInt, device_)};
}

std::pair<at::Tensor, at::Tensor> Model::attend(at::Tensor x, const Batch& batch) const {
  const Positions positions = positions_of(batch);
  const AttentionShape attention{batch.sequences, batch.length,    shape_.heads,
                                 shape_.kv_heads, shape_.head_dim, !shape_.bidirectional};
  at::Tensor delta;  // Added to x together with the next norm, which saves a pass.
  at::Tensor normed;
  for (const Layer& layer : layers_) {
    std::tie(x, normed) = ops::add_norm(x, delta, layer.attention_norm, product_);
    delta =
        at::mm(ops::attention(at::mm(normed, layer.qkv.t()), positions, attention), layer.o.t());
    std::tie(x, normed) = ops::add_norm(x, delta, layer.ff_norm, product_);
    delta = at::mm(ops::swiglu(at::mm(normed, layer.gate_up.t())), layer.down.t());
  }
  return {x, delta};
}

std::pair<at::Tensor, at::Tensor> Model::recur(at::Tensor x, const Batch& batch) const {
  const at::Tensor first = tensor_of(batch.first, at::kInt, device_);
  at::Tensor delta, normed;
  for (const Cells& cells : cells_) {
    std::tie(x, normed) = ops::add_norm(x, delta, cells.norm, product_);
    delta = ops::lstm(at::mm(normed, cells.x.t()), cells.h, cells.bias, first, batch.sequences);
  }
  return {x, delta};
}

at::Tensor Model::states(const Batch& batch) {
  const at::Tensor in = ops::bag(input_, to_device(batch.input));
  const auto [x, delta] = shape_.family == Family::lstm ? recur(in, batch) : attend(in, batch);
  std::vector<std::int64_t> from(batch.predicted_from.begin(), batch.predicted_from.end());
  const at::Tensor index = tensor_of(from, at::kLong, device_);
  // Only what is asked for: the last norm and all that follows skip the other steps.
  return ops::add_norm(x.index_select(0, index), delta.index_select(0, index).to(at::kFloat), norm_,
                       at::kFloat)
      .second;
}

at::Tensor Model::head_logits(const Head& head, const at::Tensor& z) const {
  if (!head.hidden.defined()) return at::mm(z, head.logits.t());
  return at::mm(ops::silu(at::mm(z, head.hidden.t())), head.logits.t());
}

at::Tensor Model::biased(const Head& head, const at::Tensor& logits) {
  const at::Tensor out = logits.to(at::kFloat);
  return head.bias.defined() ? out + head.bias : out;
}

template <class Field>
void Model::each_field(const Batch& batch, Field&& field) {
  at::Tensor z = states(batch);
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    std::vector<std::int64_t> rows;
    for (std::size_t event = 0; event < batch.events(); ++event) {
      if (batch.targets[i][event] >= 0) rows.push_back(static_cast<std::int64_t>(event));
    }
    const at::Tensor taken = ops::take(z, tensor_of(rows, at::kLong, device_), product_);
    field(i, head_logits(heads_[i], taken), rows);
    if (i + 1 < heads_.size() && !batch.conditions[i].rows.empty())
      z = z + ops::bag(condition_, to_device(batch.conditions[i]));
  }
}

std::vector<at::Tensor> Model::losses(const Batch& batch, const std::vector<at::Tensor>* taught) {
  std::vector<at::Tensor> losses;
  at::Tensor unlike;
  each_field(batch,
             [&](std::size_t i, const at::Tensor& logits, const std::vector<std::int64_t>& events) {
               std::vector<std::int64_t> target;
               std::vector<float> weights;
               for (const std::int64_t event : events) {
                 target.push_back(batch.targets[i][static_cast<std::size_t>(event)]);
                 if (!batch.weights[i].empty())
                   weights.push_back(batch.weights[i][static_cast<std::size_t>(event)]);
               }
               const at::Tensor weight =
                   weights.empty() ? at::Tensor() : tensor_of(weights, at::kFloat, device_);
               losses.push_back(ops::cross_entropy(logits, heads_[i].bias,
                                                   tensor_of(target, at::kLong, device_), weight));
               if (taught == nullptr) return;
               const at::Tensor own = at::log_softmax(biased(heads_[i], logits), -1);
               const at::Tensor sum = -((*taught)[i] * own).sum();
               unlike = unlike.defined() ? unlike + sum : sum;
             });
  if (taught != nullptr) losses.push_back(unlike);
  return losses;
}

std::vector<at::Tensor> Model::distributions(const Batch& batch) {
  at::NoGradGuard no_gradient;
  std::vector<at::Tensor> all;
  each_field(batch, [&](std::size_t i, const at::Tensor& logits, const auto&) {
    all.push_back(at::softmax(biased(heads_[i], logits), -1));
  });
  return all;
}

at::Tensor Model::logits(const Batch& batch, const at::Tensor& states, std::size_t field) {
  at::Tensor z = states;
  for (std::size_t i = 0; i < field; ++i) {
    z = z + ops::bag(condition_, to_device(batch.conditions[i]));
  }
  return biased(heads_[field], head_logits(heads_[field], z.to(product_)));
}

}  // namespace antiphon::train
