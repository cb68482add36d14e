// SPDX-License-Identifier: Apache-2.0
#include "nn/transformer.h"

#include <cmath>

#include "nn/random_weights.h"

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
  ANTIPHON_TRY(model->ends_, Ends::load(loader, config));
  std::vector<Matrix*> matrices;  // In the order in which a step reads them.
  for (std::size_t i = 0; i < config.layers; ++i) {
    ANTIPHON_TRY(Layer layer, load_layer(loader, config, i));
    model->layers_.push_back(std::move(layer));
  }
  for (Layer& layer : model->layers_) {
    matrices.insert(matrices.end(), {&layer.qkv, &layer.o, &layer.gate_up, &layer.down});
  }
  for (Head& head : model->ends_.heads) {
    matrices.insert(matrices.end(), {&head.hidden, &head.logits});
  }
  model->memory_ = gather(matrices);
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

std::size_t Transformer::step_bytes() const {
  std::size_t bytes = ends_.bytes();
  for (const Layer& layer : layers_) {
    bytes += layer.qkv.bytes() + layer.o.bytes() + layer.gate_up.bytes() + layer.down.bytes();
  }
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
  RandomWeights file(seed);
  const std::uint64_t d = config.dim;
  const std::uint64_t q = std::uint64_t{config.heads} * config.head_dim;
  const std::uint64_t kv = std::uint64_t{config.kv_heads} * config.head_dim;
  file.tables(config);
  for (std::size_t i = 0; i < config.layers; ++i) {
    const std::string name = "layer." + std::to_string(i) + ".";
    file.norm(name + "attention.norm.weight", d);
    file.matrix(name + "attention.q.weight", q, d);
    file.matrix(name + "attention.k.weight", kv, d);
    file.matrix(name + "attention.v.weight", kv, d);
    file.matrix(name + "attention.o.weight", d, q);
    file.norm(name + "ff.norm.weight", d);
    file.matrix(name + "ff.gate.weight", config.ff, d);
    file.matrix(name + "ff.up.weight", config.ff, d);
    file.matrix(name + "ff.down.weight", d, config.ff);
  }
  file.heads(config);
  return file.bytes();
}

}  // namespace antiphon::nn
