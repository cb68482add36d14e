// SPDX-License-Identifier: Apache-2.0
#include "train/parameters.h"

#include <cassert>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace antiphon::train {
namespace {

// Collects slices with the value that each begins with.
class Plan {
 public:
  void matrix(const std::string& name, std::int64_t out, std::int64_t in, double gain) {
    auto& to = name.starts_with("layer.") ? layers : heads;
    add(to, name, {out, in}, gain / std::sqrt(static_cast<double>(in)));
  }
  void table(const std::string& name, std::int64_t rows, std::int64_t dim, double deviation) {
    add(others, name, {rows, dim}, deviation);
  }
  void ones(const std::string& name, std::int64_t count) { add(others, name, {count}, -1); }
  void zeros(const std::string& name, std::int64_t count) { add(others, name, {count}, 0); }

  struct Entry {
    Slice slice;
    double deviation;  // Of a normal distribution; -1: all ones.
  };
  std::vector<Entry> layers, heads, others;

 private:
  static void add(std::vector<Entry>& to, const std::string& name, std::vector<std::int64_t> sizes,
                  double deviation) {
    const std::int64_t offset = to.empty() ? 0 : to.back().slice.offset + to.back().slice.count;
    std::int64_t count = 1;
    for (const auto size : sizes) count *= size;
    to.push_back({{name, std::move(sizes), offset, count}, deviation});
  }
};

void plan_transformer(const Shape& shape, Plan& plan) {
  const auto kv = shape.kv_heads * shape.head_dim;
  const auto q = shape.heads * shape.head_dim;
  // What is added to the residual stream starts smaller the more layers add to it.
  const double residual = 0.5 / std::sqrt(2.0 * static_cast<double>(shape.layers));
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    const std::string layer = "layer." + std::to_string(i) + ".";
    plan.ones(layer + "attention.norm.weight", shape.dim);
    plan.matrix(layer + "attention.q.weight", q, shape.dim, 0.5);
    plan.matrix(layer + "attention.k.weight", kv, shape.dim, 0.5);
    plan.matrix(layer + "attention.v.weight", kv, shape.dim, 0.5);
    plan.matrix(layer + "attention.o.weight", shape.dim, q, residual);
    plan.ones(layer + "ff.norm.weight", shape.dim);
    plan.matrix(layer + "ff.gate.weight", shape.ff, shape.dim, 0.5);
    plan.matrix(layer + "ff.up.weight", shape.ff, shape.dim, 0.5);
    plan.matrix(layer + "ff.down.weight", shape.dim, shape.ff, residual);
  }
}

void plan_lstm(const Shape& shape, Plan& plan) {
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    const std::string layer = "layer." + std::to_string(i) + ".";
    plan.ones(layer + "norm.weight", shape.dim);
    for (const char* from : {"x", "h"}) {
      for (const char* gate : {"input.", "forget.", "cell.", "output."}) {
        plan.matrix(layer + gate + from + ".weight", shape.dim, shape.dim, 0.7);
      }
    }
    plan.zeros(layer + "input.bias", shape.dim);
    plan.ones(layer + "forget.bias", shape.dim);  // Remembers, to begin with.
    plan.zeros(layer + "cell.bias", shape.dim);
    plan.zeros(layer + "output.bias", shape.dim);
  }
}

Plan plan_of(const Shape& shape) {
  Plan plan;
  plan.table("input.weight", shape.input_rows, shape.dim, 0.1);
  shape.family == Family::lstm ? plan_lstm(shape, plan) : plan_transformer(shape, plan);
  plan.ones("norm.weight", shape.dim);
  plan.table("condition.weight", shape.condition_rows, shape.dim, 0.3);
  for (const nn::Field& field : shape.fields) {
    const std::string name = "field." + field.name + ".";
    if (field.hidden > 0) {
      plan.matrix(name + "hidden.weight", field.hidden, shape.dim, 1.0);
      plan.matrix(name + "logits.weight", field.size, field.hidden, 0.3);
      plan.zeros(name + "logits.bias", field.size);
    } else {
      plan.matrix(name + "logits.weight", field.size, shape.dim, 0.3);
    }
  }
  return plan;
}

// Box and Muller 1958.
double normal(Random& random) {
  const double u = 1.0 - random.uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * random.uniform());
}

ParameterGroup group_of(const std::vector<Plan::Entry>& entries, at::ScalarType product,
                        at::Device device, Random& random) {
  ParameterGroup group;
  const auto count = entries.back().slice.offset + entries.back().slice.count;
  const at::Tensor value = at::empty({count}, at::kFloat);
  for (const auto& [slice, deviation] : entries) {
    float* to = value.data_ptr<float>() + slice.offset;
    for (std::int64_t i = 0; i < slice.count; ++i) {
      to[i] = deviation < 0 ? 1.0F : static_cast<float>(deviation * normal(random));
    }
    group.slices.push_back(slice);
  }
  group.value = value.to(device);
  group.work = product == at::kFloat ? group.value : group.value.to(product);
  group.gradient = at::zeros_like(group.work);
  return group;
}

}  // namespace

Parameters::Parameters(const Shape& shape, at::ScalarType product, at::Device device,
                       std::uint64_t seed) {
  const Plan plan = plan_of(shape);
  Random random(seed);
  layers_ = group_of(plan.layers, product, device, random);
  heads_ = group_of(plan.heads, product, device, random);
  others_ = group_of(plan.others, at::kFloat, device, random);
  layers_.decays = heads_.decays = true;
  layers_.hidden = true;
}

at::Tensor Parameters::leaf(const std::string& first, const std::string& last) {
  for (ParameterGroup* group : groups()) {
    const auto find = [&](const std::string& name) -> const Slice* {
      for (const Slice& slice : group->slices) {
        if (slice.name == name) return &slice;
      }
      return nullptr;
    };
    const Slice* const begin = find(first);
    const Slice* const end = find(last);
    if (begin == nullptr || end == nullptr) continue;
    const auto count = end->offset + end->count - begin->offset;
    std::vector<std::int64_t> sizes = begin->sizes;
    sizes[0] = sizes.size() == 2 ? count / sizes[1] : count;
    at::Tensor leaf = group->work.detach().narrow(0, begin->offset, count).view(sizes);
    leaf.set_requires_grad(true);
    leaf.mutable_grad() = group->gradient.narrow(0, begin->offset, count).view(sizes);
    return leaf;
  }
  assert(false && "no such parameter");
  return {};
}

void Parameters::refresh() {
  at::NoGradGuard no_gradient;
  for (ParameterGroup* group : groups()) {
    if (!group->work.is_same(group->value)) group->work.copy_(group->value);
  }
}

void Parameters::zero_gradients() {
  for (ParameterGroup* group : groups()) group->gradient.zero_();
}

}  // namespace antiphon::train
