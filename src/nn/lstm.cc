// SPDX-License-Identifier: Apache-2.0
#include "nn/lstm.h"

#include <utility>

#include "nn/random_weights.h"

namespace antiphon::nn {
namespace {

constexpr const char* gates[] = {"input.", "forget.", "cell.", "output."};

Result<LstmLayer> load_layer(Loader& loader, std::size_t dim, std::size_t index) {
  const std::string name = "layer." + std::to_string(index) + ".";
  std::vector<std::pair<std::string, std::size_t>> from_x, from_h;
  LstmLayer layer;
  for (const char* gate : gates) {
    from_x.emplace_back(name + gate + "x.weight", dim);
    from_h.emplace_back(name + gate + "h.weight", dim);
    ANTIPHON_TRY(const auto bias, loader.vector(name + gate + "bias", dim));
    layer.bias.insert(layer.bias.end(), bias.begin(), bias.end());
  }
  ANTIPHON_TRY(layer.norm, loader.vector(name + "norm.weight", dim));
  ANTIPHON_TRY(layer.x, loader.matrix(from_x, dim));
  ANTIPHON_TRY(layer.h, loader.matrix(from_h, dim));
  return layer;
}

}  // namespace

Result<std::shared_ptr<const Lstm>> Lstm::load(const LstmConfig& config, const SafeTensors& file,
                                               LoadOptions options) {
  ANTIPHON_CHECK(config.check());
  Loader loader(file, options.type);
  const std::shared_ptr<Lstm> model(new Lstm);
  model->config_ = config;
  model->kernels_ = options.kernels ? options.kernels : &nn::kernels();
  model->metadata_ = file.metadata();
  ANTIPHON_TRY(model->ends_, Ends::load(loader, config));
  std::vector<Matrix*> matrices;
  for (std::size_t i = 0; i < config.layers; ++i) {
    ANTIPHON_TRY(LstmLayer layer, load_layer(loader, config.dim, i));
    model->layers_.push_back(std::move(layer));
  }
  for (LstmLayer& layer : model->layers_) matrices.insert(matrices.end(), {&layer.x, &layer.h});
  for (Head& head : model->ends_.heads) {
    matrices.insert(matrices.end(), {&head.hidden, &head.logits});
  }
  model->memory_ = gather(matrices);
  return std::shared_ptr<const Lstm>(model);
}

Result<std::shared_ptr<const Lstm>> Lstm::random(const LstmConfig& config, std::uint64_t seed,
                                                 LoadOptions options) {
  ANTIPHON_CHECK(config.check());
  ANTIPHON_TRY(const SafeTensors file, SafeTensors::parse(random_weights(config, seed)));
  return load(config, file, options);
}

std::size_t Lstm::step_bytes() const {
  std::size_t bytes = ends_.bytes();
  for (const LstmLayer& layer : layers_) bytes += layer.x.bytes() + layer.h.bytes();
  return bytes;
}

Bytes random_weights(const LstmConfig& config, std::uint64_t seed) {
  RandomWeights file(seed);
  file.tables(config);
  for (std::size_t i = 0; i < config.layers; ++i) {
    const std::string name = "layer." + std::to_string(i) + ".";
    file.norm(name + "norm.weight", config.dim);
    for (const char* gate : gates) {
      file.matrix(name + gate + "x.weight", config.dim, config.dim);
      file.matrix(name + gate + "h.weight", config.dim, config.dim);
      file.add(name + gate + "bias", {config.dim}, 0.0, 1.0);
    }
  }
  file.heads(config);
  return file.bytes();
}

}  // namespace antiphon::nn
