// SPDX-License-Identifier: Apache-2.0
#include "train/groove_model.h"

#include <cmath>

namespace antiphon::train {
namespace {

using at::Tensor;

constexpr std::int64_t critic_width = 384;
constexpr std::size_t critic_layers = 3;
constexpr double offset_gain = 4;  // Offsets are small numbers that matter.

FlatParameters generator_parameters(const nn::GrooveConfig& config, Random& random) {
  FlatParameters parameters;
  Stack::declare(parameters, "pattern", config.pattern_inputs(), config.hidden, config.layers,
                 config.cells());
  Stack::declare(parameters, "touch", config.touch_inputs(), config.hidden, config.layers,
                 2 * static_cast<std::int64_t>(config.cells()));
  parameters.allocate(random);
  return parameters;
}

FlatParameters encoder_parameters(const nn::GrooveConfig& config, Random& random) {
  const auto cells = static_cast<std::int64_t>(config.cells());
  const auto styles = static_cast<std::int64_t>(config.styles.size());
  FlatParameters parameters;
  Stack::declare(parameters, "posterior",
                 3 * cells + config.condition() - static_cast<std::int64_t>(config.latent),
                 config.hidden, 2, 2 * static_cast<std::int64_t>(config.latent));
  Stack::declare(parameters, "plane", 2 * cells + styles, config.hidden, 2,
                 nn::GrooveConfig::plane);
  parameters.allocate(random);
  return parameters;
}

std::vector<std::int64_t> critic_widths(const nn::GrooveConfig& config) {
  const auto cells = static_cast<std::int64_t>(config.cells());
  // The pattern, where its bars differ, and the condition without the latent numbers.
  const std::int64_t inputs =
      3 * cells + cells / 2 + config.condition() - static_cast<std::int64_t>(config.latent);
  return {inputs, critic_width, critic_width, critic_width};
}

FlatParameters critic_parameters(const nn::GrooveConfig& config, Random& random) {
  FlatParameters parameters;
  const auto widths = critic_widths(config);
  for (std::size_t i = 0; i < critic_layers; ++i) {
    parameters.declare_linear("layer." + std::to_string(i), widths[i + 1], widths[i], 1.4);
  }
  parameters.declare_linear("out", 1, critic_width + 1, 1);
  parameters.declare("style.weight",
                     {static_cast<std::int64_t>(config.styles.size()), critic_width}, 0.02, 0);
  parameters.allocate(random);
  return parameters;
}

Tensor rms_norm(const Tensor& x, const Tensor& weight) {
  return x * (x.square().mean(-1, true) + 1e-5).rsqrt() * weight;
}

}  // namespace

void Stack::declare(FlatParameters& parameters, const std::string& name, std::int64_t inputs,
                    std::int64_t hidden, std::int64_t layers, std::int64_t outputs) {
  parameters.declare_linear(name + ".in", hidden, inputs, 1.4);
  for (std::int64_t i = 0; i + 1 < layers; ++i) {
    const std::string block = name + ".block." + std::to_string(i);
    parameters.declare(block + ".norm.weight", {hidden}, 0, 1);
    parameters.declare_linear(block, hidden, hidden, 1.4);
  }
  parameters.declare(name + ".norm.weight", {hidden}, 0, 1);
  parameters.declare_linear(name + ".out", outputs, hidden, 0.5);
}

Stack::Stack(const FlatParameters& parameters, const std::string& name, std::int64_t layers) {
  const auto linear = [&](const std::string& of) {
    return Linear{parameters.leaf(of + ".weight"), parameters.leaf(of + ".bias")};
  };
  in_ = linear(name + ".in");
  for (std::int64_t i = 0; i + 1 < layers; ++i) {
    const std::string block = name + ".block." + std::to_string(i);
    norms_.push_back(parameters.leaf(block + ".norm.weight"));
    blocks_.push_back(linear(block));
  }
  norm_ = parameters.leaf(name + ".norm.weight");
  out_ = linear(name + ".out");
}

Tensor Stack::operator()(const Tensor& x) const {
  Tensor y = at::silu(at::linear(x, in_.weight, in_.bias));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    y = y + at::silu(at::linear(rms_norm(y, norms_[i]), blocks_[i].weight, blocks_[i].bias));
  }
  return at::linear(rms_norm(y, norm_), out_.weight, out_.bias);
}

GrooveGenerator::GrooveGenerator(const nn::GrooveConfig& config, Random& random)
    : parameters_(generator_parameters(config, random)),
      pattern_(parameters_, "pattern", config.layers),
      touch_(parameters_, "touch", config.layers) {}

Tensor GrooveGenerator::pattern(const Tensor& latent, const Wishes& wishes) const {
  return pattern_(at::cat({wishes.plane, latent, wishes.tempo, wishes.style}, 1));
}

Patterns GrooveGenerator::touch(const Tensor& hits, const Tensor& latent,
                                const Wishes& wishes) const {
  const auto out = touch_(at::cat({hits, latent, wishes.tempo, wishes.style}, 1)).chunk(2, 1);
  return {hits, at::sigmoid(out[0]) * hits, at::tanh(out[1]) * 0.5 * hits};
}

Patterns GrooveGenerator::operator()(const Tensor& latent, const Wishes& wishes) const {
  const Tensor chance = at::sigmoid(pattern(latent, wishes));
  const Tensor hits = (chance > 0.5).to(at::kFloat) + chance - chance.detach();
  return touch(hits, latent, wishes);
}

GrooveCritic::GrooveCritic(const nn::GrooveConfig& config, Random& random)
    : parameters_(critic_parameters(config, random)), style_(parameters_.leaf("style.weight")) {
  for (std::size_t i = 0; i <= critic_layers; ++i) {
    const std::string name = i < critic_layers ? "layer." + std::to_string(i) : "out";
    weights_.push_back(parameters_.leaf(name + ".weight"));
    biases_.push_back(parameters_.leaf(name + ".bias"));
  }
}

Tensor GrooveCritic::operator()(const Patterns& patterns, const Wishes& wishes, bool learns) const {
  const auto own = [learns](const Tensor& x) { return learns ? x : x.detach(); };
  const auto bars = patterns.hits.chunk(2, 1);
  Tensor x = at::cat({patterns.hits, patterns.velocities, patterns.offsets * offset_gain,
                      (bars[0] - bars[1]).abs(), wishes.plane, wishes.tempo, wishes.style},
                     1);
  for (std::size_t i = 0; i < critic_layers; ++i) {
    x = at::leaky_relu(at::linear(x, own(weights_[i]), own(biases_[i])), 0.2);
  }
  const Tensor spread = (x.var(0, false) + 1e-8).sqrt().mean().expand({x.size(0), 1});
  const Tensor out = at::linear(at::cat({x, spread}, 1), own(weights_.back()), own(biases_.back()));
  return out.squeeze(1) + (at::matmul(wishes.style, own(style_)) * x).sum(1);
}

GrooveEncoder::GrooveEncoder(const nn::GrooveConfig& config, Random& random)
    : latent_(config.latent),
      parameters_(encoder_parameters(config, random)),
      posterior_(parameters_, "posterior", 2),
      plane_(parameters_, "plane", 2) {}

Posterior GrooveEncoder::posterior(const Patterns& patterns, const Wishes& wishes) const {
  const Tensor out =
      posterior_(at::cat({patterns.hits, patterns.velocities, patterns.offsets * offset_gain,
                          wishes.plane, wishes.tempo, wishes.style},
                         1));
  return {out.narrow(1, 0, latent_), at::tanh(out.narrow(1, latent_, latent_) / 4) * 4};
}

Tensor GrooveEncoder::plane(const Patterns& patterns, const Tensor& style) const {
  return plane_(at::cat({patterns.hits, patterns.velocities, style}, 1));
}

}  // namespace antiphon::train
