// SPDX-License-Identifier: Apache-2.0
#include "nn/transformer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "base/random.h"
#include "nn/loader.h"

namespace antiphon::nn {
namespace {

Result<Layer> load_layer(Loader& loader, const TransformerConfig& c, std::size_t index) {
  const std::string name = "layer." + std::to_string(index) + ".";
  const std::size_t q = std::size_t{c.heads} * c.head_dim;
  const std::size_t kv = std::size_t{c.kv_heads} * c.head_dim;
  Layer layer;
  ANTIPHON_TRY(layer.attention_norm, loader.vector(name + "attention.norm.weight", c.dim));
  ANTIPHON_TRY(layer.qkv, loader.matrix({{name + "attention.q.weight", q},
                                         {name + "attention.k.weight", kv},
                                         {name + "attention.v.weight", kv}},
                                        c.dim));
  ANTIPHON_TRY(layer.o, loader.matrix({{name + "attention.o.weight", c.dim}}, q));
  ANTIPHON_TRY(layer.ff_norm, loader.vector(name + "ff.norm.weight", c.dim));
  ANTIPHON_TRY(layer.gate_up, loader.matrix({{name + "ff.gate.weight", c.ff},  //
                                             {name + "ff.up.weight", c.ff}},
                                            c.dim));
  ANTIPHON_TRY(layer.down, loader.matrix({{name + "ff.down.weight", c.dim}}, c.ff));
  return layer;
}

Result<Head> load_head(Loader& loader, const TransformerConfig& c, const Field& field) {
  const std::string name = "field." + field.name + ".";
  Head head;
  if (field.hidden == 0) {
    ANTIPHON_TRY(head.logits, loader.matrix({{name + "logits.weight", field.size}}, c.dim));
    return head;
  }
  ANTIPHON_TRY(head.hidden, loader.matrix({{name + "hidden.weight", field.hidden}}, c.dim));
  ANTIPHON_TRY(head.logits, loader.matrix({{name + "logits.weight", field.size}}, field.hidden));
  ANTIPHON_TRY(head.bias, loader.vector(name + "logits.bias", field.size));
  return head;
}

std::vector<double> rotary_frequencies(const Rotary& rotary) {
  std::vector<double> frequencies;
  for (std::uint32_t j = 0; j < rotary.index_pairs; ++j) {
    frequencies.push_back(std::pow(rotary.index_base, -double{1} * j / rotary.index_pairs));
  }
  for (std::uint32_t k = 0; k < rotary.time_pairs; ++k) {
    frequencies.push_back(std::pow(rotary.time_base, -double{1} * k / rotary.time_pairs));
  }
  return frequencies;
}

}  // namespace

Result<std::shared_ptr<const Transformer>> Transformer::load(const TransformerConfig& config,
                                                             const SafeTensors& file,
                                                             LoadOptions options) {
  ANTIPHON_CHECK(config.check());
  Loader loader(file, options.type);
  const std::shared_ptr<Transformer> model(new Transformer);
  model->config_ = config;
  model->kernels_ = options.kernels ? options.kernels : &nn::kernels();
  model->metadata_ = file.metadata();
  ANTIPHON_TRY(model->input_, loader.table("input.weight", config.input_rows, config.dim));
  ANTIPHON_TRY(model->condition_,
               loader.table("condition.weight", config.condition_rows, config.dim));
  for (std::size_t i = 0; i < config.layers; ++i) {
    ANTIPHON_TRY(Layer layer, load_layer(loader, config, i));
    model->layers_.push_back(std::move(layer));
  }
  ANTIPHON_TRY(model->norm_, loader.vector("norm.weight", config.dim));
  for (const Field& field : config.fields) {
    ANTIPHON_TRY(Head head, load_head(loader, config, field));
    model->heads_.push_back(std::move(head));
  }
  model->gather();
  model->type_ = model->layers_.front().qkv.type();
  model->frequencies_ = rotary_frequencies(config.rotary);
  return std::shared_ptr<const Transformer>(model);
}

Result<std::shared_ptr<const Transformer>> Transformer::random(const TransformerConfig& config,
                                                               std::uint64_t seed,
                                                               LoadOptions options) {
  ANTIPHON_CHECK(config.check());
  ANTIPHON_TRY(const SafeTensors file, SafeTensors::parse(random_weights(config, seed)));
  return load(config, file, options);
}

void Transformer::gather() {
  std::vector<Matrix*> order;
  for (Layer& layer : layers_) {
    order.insert(order.end(), {&layer.qkv, &layer.o, &layer.gate_up, &layer.down});
  }
  for (Head& head : heads_) order.insert(order.end(), {&head.hidden, &head.logits});
  std::size_t bytes = 0;
  for (const Matrix* matrix : order) bytes += matrix->tiles() * matrix->tile_bytes();
  memory_.resize(bytes);
  std::byte* at = memory_.data();
  for (Matrix* matrix : order) {
    matrix->move_to(at);
    at += matrix->tiles() * matrix->tile_bytes();
  }
}

std::size_t Transformer::step_bytes() const {
  std::size_t bytes = 0;
  for (const Layer& layer : layers_) {
    bytes += layer.qkv.bytes() + layer.o.bytes() + layer.gate_up.bytes() + layer.down.bytes();
  }
  for (const Head& head : heads_) bytes += head.hidden.bytes() + head.logits.bytes();
  return bytes;
}

void Transformer::angles(std::size_t index, std::int32_t time, float* cosines, float* sines) const {
  for (std::size_t j = 0; j < frequencies_.size(); ++j) {
    const double turns = j < config_.rotary.index_pairs ? static_cast<double>(index) : time;
    const double angle = turns * frequencies_[j];
    cosines[j] = static_cast<float>(std::cos(angle));
    sines[j] = static_cast<float>(std::sin(angle));
  }
}

Bytes random_weights(const TransformerConfig& config, std::uint64_t seed) {
  Random random(seed);
  SafeTensorsWriter file;
  file.set_metadata("model", "random");
  // Uniform with variance 1 / inputs, so that activations keep their size from layer to layer.
  const auto add = [&](const std::string& name, Shape shape, double centre, double reach) {
    std::uint64_t size = 1;
    for (const std::uint64_t extent : shape) size *= extent;
    std::vector<float> values(size);
    for (float& value : values) {
      value = static_cast<float>(centre + reach * (2.0 * random.uniform() - 1.0));
    }
    file.add(name, std::move(shape), std::span<const float>(values));
  };
  const auto matrix = [&](const std::string& name, std::uint64_t outputs, std::uint64_t inputs) {
    add(name, {outputs, inputs}, 0.0, std::sqrt(3.0 / static_cast<double>(inputs)));
  };
  const auto norm = [&](const std::string& name) { add(name, {config.dim}, 1.0, 0.2); };

  const std::uint64_t d = config.dim;
  const std::uint64_t q = std::uint64_t{config.heads} * config.head_dim;
  const std::uint64_t kv = std::uint64_t{config.kv_heads} * config.head_dim;
  add("input.weight", {config.input_rows, d}, 0.0, 1.0);
  if (config.condition_rows > 0) add("condition.weight", {config.condition_rows, d}, 0.0, 1.0);
  for (std::size_t i = 0; i < config.layers; ++i) {
    const std::string name = "layer." + std::to_string(i) + ".";
    norm(name + "attention.norm.weight");
    matrix(name + "attention.q.weight", q, d);
    matrix(name + "attention.k.weight", kv, d);
    matrix(name + "attention.v.weight", kv, d);
    matrix(name + "attention.o.weight", d, q);
    norm(name + "ff.norm.weight");
    matrix(name + "ff.gate.weight", config.ff, d);
    matrix(name + "ff.up.weight", config.ff, d);
    matrix(name + "ff.down.weight", d, config.ff);
  }
  norm("norm.weight");
  for (const Field& field : config.fields) {
    const std::string name = "field." + field.name + ".";
    if (field.hidden > 0) {
      matrix(name + "hidden.weight", field.hidden, d);
      add(name + "logits.bias", {field.size}, 0.0, 1.0);
    }
    matrix(name + "logits.weight", field.size, field.hidden > 0 ? field.hidden : d);
  }
  return std::move(file).bytes();
}

}  // namespace antiphon::nn
