// SPDX-License-Identifier: Apache-2.0
#include "train/golden.h"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "nn/safetensors.h"
#include "train/model.h"

namespace antiphon::train {
namespace {

constexpr std::int32_t steps = 24;

// Numbers of order 1 everywhere, norms near 1 and biases that matter: a slip shows.
void draw_parameters(Model& model, Random& random) {
  for (ParameterGroup* group : model.parameters().groups()) {
    for (const Slice& slice : group->slices) {
      float* to = group->value.data_ptr<float>() + slice.offset;
      const bool norm = slice.name.find("norm") != std::string::npos;
      const double spread =
          slice.sizes.size() == 2 ? std::sqrt(3.0 / static_cast<double>(slice.sizes[1])) : 0.3;
      const double half_width = slice.name == "input.weight" ? 0.7 : spread;
      for (std::int64_t i = 0; i < slice.count; ++i) {
        const double value = half_width * (2 * random.uniform() - 1);
        to[i] = static_cast<float>(norm ? 1 + value : value);
      }
    }
  }
  model.parameters().refresh();
}

// A row of `out` a bag, filled up with -1.
std::vector<float> padded(const Bags& bags, std::size_t width) {
  std::vector<float> out(bags.size() * width, -1.0F);
  for (std::size_t bag = 0; bag < bags.size(); ++bag) {
    for (auto i = bags.offsets[bag]; i < bags.offsets[bag + 1]; ++i) {
      out[bag * width + static_cast<std::size_t>(i - bags.offsets[bag])] =
          static_cast<float>(bags.rows[static_cast<std::size_t>(i)]);
    }
  }
  return out;
}

std::vector<std::uint16_t> draw_bag(std::uint32_t rows, std::uint64_t count, Random& random) {
  std::vector<std::uint16_t> bag;
  for (std::uint64_t i = 0; i < count; ++i) {
    bag.push_back(static_cast<std::uint16_t>(random.below(rows)));
  }
  return bag;
}

Batch draw_steps(const Shape& shape, Random& random) {
  Batch batch;
  batch.sequences = 1;
  batch.length = steps;
  std::int32_t time = 0;
  const bool plain = shape.condition_rows == 0;
  for (std::int32_t step = 0; step < steps; ++step) {
    batch.input.push(draw_bag(shape.input_rows, plain ? 1 : 1 + random.below(6), random));
    if (step == steps / 2) time += 500;
    time += static_cast<std::int32_t>(random.below(3)) * 3;
    batch.time.push_back(time);
    batch.first.push_back(0);
    batch.predicted_from.push_back(step);
    for (std::size_t field = 0; field < shape.fields.size(); ++field) {
      batch.targets[field].push_back(0);
      if (field + 1 == shape.fields.size()) continue;
      batch.conditions[field].push(draw_bag(shape.condition_rows, random.below(4), random));
    }
  }
  return batch;
}

std::span<const float> numbers(const at::Tensor& x) {
  return {x.data_ptr<float>(), static_cast<std::size_t>(x.numel())};
}

}  // namespace

Shape golden_shape() {
  Shape shape;
  shape.dim = 48;
  shape.layers = 2;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_dim = 12;
  shape.ff = 80;
  shape.context = 32;
  shape.rotary = {4, 10000.0, 2, 1000.0};
  shape.input_rows = 40;
  shape.condition_rows = 24;
  shape.fields = {{"shift", 20, 32}, {"pitch", 30, 0}, {"duration", 17, 16}};
  return shape;
}

Shape golden_plain_shape() {
  return Shape::of(nn::TransformerConfig::plain(2, 48, 4, 4, 80, 50, 32));
}

Shape golden_lstm_shape() {
  nn::LstmConfig config;
  static_cast<nn::EventConfig&>(config) = golden_shape();
  return Shape::of(config);
}

Shape golden_masked_shape() {
  Shape shape = golden_shape();
  shape.bidirectional = true;
  shape.rotary = {6, 1000.0, 0, 1000.0};
  return shape;
}

Status write_golden(const Shape& shape, std::uint64_t seed, const std::filesystem::path& folder,
                    const std::string& name) {
  ANTIPHON_CHECK(shape.check());
  at::NoGradGuard no_gradient;
  Model model(shape, at::kFloat, at::kCPU, seed);
  Random random(seed);
  draw_parameters(model, random);
  const Batch batch = draw_steps(shape, random);

  nn::SafeTensorsWriter writer;
  writer.set_metadata("tool", "antiphon-train golden, libtorch " TORCH_VERSION);
  writer.set_metadata("seed", std::to_string(seed));
  for (const ParameterGroup* group : model.parameters().groups()) {
    for (const Slice& slice : group->slices) {
      if (slice.count == 0) continue;
      writer.add(slice.name, {slice.sizes.begin(), slice.sizes.end()},
                 numbers(group->value.narrow(0, slice.offset, slice.count)));
    }
  }
  constexpr std::size_t width = 8;
  writer.add("golden.rows", {steps, width}, std::span<const float>(padded(batch.input, width)));
  const std::vector<float> times(batch.time.begin(), batch.time.end());
  writer.add("golden.times", {steps}, std::span<const float>(times));
  if (shape.fields.size() > 1) {
    const std::size_t gaps = shape.fields.size() - 1;
    std::vector<float> conditions(steps * gaps * width);
    for (std::size_t gap = 0; gap < gaps; ++gap) {
      const std::vector<float> rows = padded(batch.conditions[gap], width);
      for (std::size_t step = 0; step < steps; ++step) {
        std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(step * width), width,
                    conditions.begin() + static_cast<std::ptrdiff_t>((step * gaps + gap) * width));
      }
    }
    writer.add("golden.conditions", {steps, gaps, width}, std::span<const float>(conditions));
  }
  const at::Tensor z = model.states(batch).contiguous();
  writer.add("golden.z", {steps, shape.dim}, numbers(z));
  for (std::size_t field = 0; field < shape.fields.size(); ++field) {
    const at::Tensor logits = model.logits(batch, z, field).contiguous();
    writer.add("golden.logits." + shape.fields[field].name, {steps, shape.fields[field].size},
               numbers(logits));
  }
  ANTIPHON_CHECK(write_file(folder / (name + ".json"), shape.to_json()));
  return write_file(folder / (name + ".safetensors"), writer.bytes());
}

}  // namespace antiphon::train
