// SPDX-License-Identifier: Apache-2.0
#include "nn/groove.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/random.h"
#include "nn/loader.h"

namespace antiphon::nn {
namespace {

Result<GrooveStack::Linear> load_linear(Loader& loader, const std::string& name,
                                        std::size_t outputs, std::size_t inputs) {
  GrooveStack::Linear linear;
  ANTIPHON_TRY(linear.weight, loader.matrix({{name + ".weight", outputs}}, inputs));
  ANTIPHON_TRY(linear.bias, loader.vector(name + ".bias", outputs));
  return linear;
}

Result<GrooveStack> load_stack(Loader& loader, const std::string& name, const GrooveConfig& c,
                               std::size_t inputs, std::size_t outputs) {
  GrooveStack stack;
  ANTIPHON_TRY(stack.in, load_linear(loader, name + ".in", c.hidden, inputs));
  for (std::uint32_t i = 0; i + 1 < c.layers; ++i) {
    const std::string block_name = name + ".block." + std::to_string(i);
    GrooveStack::Block block;
    ANTIPHON_TRY(block.norm, loader.vector(block_name + ".norm.weight", c.hidden));
    ANTIPHON_TRY(block.linear, load_linear(loader, block_name, c.hidden, c.hidden));
    stack.blocks.push_back(std::move(block));
  }
  ANTIPHON_TRY(stack.norm, loader.vector(name + ".norm.weight", c.hidden));
  ANTIPHON_TRY(stack.out, load_linear(loader, name + ".out", outputs, c.hidden));
  return stack;
}

std::size_t index_of(Type type) { return static_cast<std::size_t>(type); }

}  // namespace

Result<std::shared_ptr<const Groove>> Groove::load(const GrooveConfig& config,
                                                   const SafeTensors& file, LoadOptions options) {
  ANTIPHON_CHECK(config.check());
  Loader loader(file, options.type);
  const std::shared_ptr<Groove> groove(new Groove);
  groove->config_ = config;
  groove->kernels_ = options.kernels ? options.kernels : &nn::kernels();
  groove->metadata_ = file.metadata();
  const std::size_t cells = config.cells();
  ANTIPHON_TRY(groove->pattern_,
               load_stack(loader, "pattern", config, config.pattern_inputs(), cells));
  ANTIPHON_TRY(groove->touch_,
               load_stack(loader, "touch", config, config.touch_inputs(), 2 * cells));
  return std::shared_ptr<const Groove>(groove);
}

Bytes random_weights(const GrooveConfig& config, std::uint64_t seed) {
  Random random(seed);
  SafeTensorsWriter file;
  const auto add = [&](const std::string& name, Shape shape, float centre, float reach) {
    std::size_t size = 1;
    for (const std::uint64_t side : shape) size *= side;
    std::vector<float> values(size);
    for (float& value : values) {
      value = centre + reach * static_cast<float>(2 * random.uniform() - 1);
    }
    file.add(name, std::move(shape), std::span<const float>(values));
  };
  // Uniform with variance 1 / inputs, so that activations keep their size from layer to layer.
  const auto linear = [&](const std::string& name, std::uint64_t outputs, std::uint64_t inputs) {
    add(name + ".weight", {outputs, inputs}, 0, std::sqrt(3.0F / static_cast<float>(inputs)));
    add(name + ".bias", {outputs}, 0, 0.1F);
  };
  const auto stack = [&](const std::string& name, std::uint64_t inputs, std::uint64_t outputs) {
    linear(name + ".in", config.hidden, inputs);
    for (std::uint32_t i = 0; i + 1 < config.layers; ++i) {
      const std::string block = name + ".block." + std::to_string(i);
      add(block + ".norm.weight", {config.hidden}, 1, 0.1F);
      linear(block, config.hidden, config.hidden);
    }
    add(name + ".norm.weight", {config.hidden}, 1, 0.1F);
    linear(name + ".out", outputs, config.hidden);
  };
  stack("pattern", config.pattern_inputs(), config.cells());
  stack("touch", config.touch_inputs(), std::uint64_t{2} * config.cells());
  return file.bytes();
}

GrooveSession::GrooveSession(std::shared_ptr<const Groove> groove)
    : groove_(std::move(groove)),
      inputs_(groove_->config().touch_inputs()),
      hidden_(groove_->config().hidden),
      branch_(groove_->config().hidden),
      out_(std::size_t{2} * groove_->config().cells()) {
  for (const GrooveStack* stack : {&groove_->pattern(), &groove_->touch()}) {
    std::size_t bytes =
        std::max(stack->in.weight.operand_bytes(), stack->out.weight.operand_bytes());
    for (const auto& block : stack->blocks) {
      bytes = std::max(bytes, block.linear.weight.operand_bytes());
    }
    operand_.resize(std::max(operand_.size(), bytes));
  }
}

void GrooveSession::multiply(const GrooveStack::Linear& linear, const float* x, float* y) {
  const Kernels& kernels = groove_->kernels();
  const PackedMatrix packed = linear.weight.packed();
  const std::size_t type = index_of(linear.weight.type());
  kernels.prepare[type](x, linear.weight.inputs(), packed.inputs, operand_.data());
  std::copy(linear.bias.begin(), linear.bias.end(), y);
  kernels.multiply[type](packed, 0, linear.weight.tiles(), operand_.data(), operand_.size(), 1, y,
                         linear.weight.outputs(), true);
}

void GrooveSession::run(const GrooveStack& stack, std::span<const float> x) {
  const Kernels& kernels = groove_->kernels();
  const std::size_t width = hidden_.size();
  assert(x.size() == stack.in.weight.inputs());
  multiply(stack.in, x.data(), hidden_.data());
  kernels.silu(hidden_.data(), width);
  for (const GrooveStack::Block& block : stack.blocks) {
    kernels.rms_norm(hidden_.data(), block.norm.data(), width, branch_.data());
    multiply(block.linear, branch_.data(), branch_.data());
    kernels.silu(branch_.data(), width);
    for (std::size_t i = 0; i < width; ++i) hidden_[i] += branch_[i];
  }
  kernels.rms_norm(hidden_.data(), stack.norm.data(), width, branch_.data());
  multiply(stack.out, branch_.data(), out_.data());
}

std::span<const float> GrooveSession::pattern(std::span<const float> condition) {
  run(groove_->pattern(), condition);
  return std::span(out_).first(groove_->config().cells());
}

GrooveSession::Touch GrooveSession::touch(std::span<const float> hits,
                                          std::span<const float> condition) {
  const std::size_t cells = groove_->config().cells();
  assert(hits.size() == cells && condition.size() == groove_->config().condition());
  const auto rest = condition.subspan(GrooveConfig::plane);
  std::copy(rest.begin(), rest.end(), std::copy(hits.begin(), hits.end(), inputs_.begin()));
  run(groove_->touch(), inputs_);
  for (std::size_t i = 0; i < cells; ++i) {
    out_[i] = 1 / (1 + std::exp(-out_[i]));
    out_[cells + i] = std::tanh(out_[cells + i]) / 2;
  }
  const std::span<const float> out(out_);
  return {out.first(cells), out.last(cells)};
}

}  // namespace antiphon::nn
