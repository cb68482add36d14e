// SPDX-License-Identifier: Apache-2.0
#include "train/flat.h"

#include <cassert>
#include <cmath>
#include <cstring>
#include <numbers>
#include <span>

#include "train/kernels.h"
#include "train/optimizer.h"

namespace antiphon::train {

double normal(Random& random) {
  const double u = 1.0 - random.uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * random.uniform());
}

void FlatParameters::declare(std::string name, std::vector<std::int64_t> sizes, double deviation,
                             double centre) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  entries_.push_back({std::move(name), std::move(sizes), total_, count, deviation, centre});
  total_ += count;
}

void FlatParameters::declare_linear(const std::string& name, std::int64_t outputs,
                                    std::int64_t inputs, double gain) {
  declare(name + ".weight", {outputs, inputs}, gain / std::sqrt(static_cast<double>(inputs)), 0);
  entries_.back().linear = true;
  declare(name + ".bias", {outputs}, 0, 0);
}

void FlatParameters::allocate(Random& random) {
  value_ = at::empty({total_}, at::kFloat);
  gradient_ = at::zeros({total_}, at::kFloat);
  mean_ = at::zeros({total_}, at::kFloat);
  square_ = at::zeros({total_}, at::kFloat);
  float* to = value_.data_ptr<float>();
  for (const Entry& entry : entries_) {
    for (std::int64_t i = 0; i < entry.count; ++i) {
      const double noise = entry.deviation > 0 ? entry.deviation * normal(random) : 0;
      *to++ = static_cast<float>(entry.centre + noise);
    }
  }
}

const FlatParameters::Entry& FlatParameters::find(const std::string& name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry;
  }
  assert(false && "a tensor that was not declared");
  return entries_.front();
}

at::Tensor FlatParameters::leaf(const std::string& name) const {
  const Entry& entry = find(name);
  at::Tensor leaf = value_.narrow(0, entry.offset, entry.count).view(entry.sizes).detach();
  leaf.set_requires_grad(true);
  leaf.mutable_grad() = gradient_.narrow(0, entry.offset, entry.count).view(entry.sizes);
  return leaf;
}

void FlatParameters::step(const FlatStep& options) {
  const at::NoGradGuard no_gradient;
  ++updates_;
  const auto updates = static_cast<double>(updates_);
  kernels::AdamStep step{};
  step.beta1 = static_cast<float>(options.beta1);
  step.beta2 = static_cast<float>(options.beta2);
  step.rate = static_cast<float>(options.rate / (1.0 - std::pow(options.beta1, updates)));
  step.root_correction =
      static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(options.beta2, updates)));
  step.epsilon = 1e-8F;
  step.gradient_factor = 1.0F;
  for (const Entry& entry : entries_) {
    const double shrink = entry.sizes.size() > 1 ? 1.0 - options.rate * options.decay : 1.0;
    if (options.muon && entry.linear) {
      constexpr double momentum = 0.95;
      const auto matrix = [&](const at::Tensor& flat) {
        return flat.narrow(0, entry.offset, entry.count).view(entry.sizes);
      };
      muon_step(options.rate, momentum, shrink, at::kFloat, matrix(gradient_), matrix(mean_),
                matrix(value_));
      continue;
    }
    step.shrink = static_cast<float>(shrink);
    const auto part = [&](at::Tensor& flat) { return flat.data_ptr<float>() + entry.offset; };
    kernels::adam(step, part(gradient_), entry.count, part(value_), part(mean_), part(square_),
                  nullptr);
  }
}

void FlatParameters::save(const std::string& prefix, nn::SafeTensorsWriter& writer) const {
  const auto add = [&](const std::string& name, const at::Tensor& flat) {
    writer.add(name, {static_cast<std::uint64_t>(total_)},
               std::span<const float>(flat.data_ptr<float>(), static_cast<std::size_t>(total_)));
  };
  add(prefix + "/value", value_);
  add(prefix + "/mean", mean_);
  add(prefix + "/square", square_);
  writer.set_metadata(prefix + "/updates", std::to_string(updates_));
}

Status FlatParameters::load(const std::string& prefix, const nn::SafeTensors& file) {
  for (const auto& [name, flat] :
       {std::pair{"/value", &value_}, std::pair{"/mean", &mean_}, std::pair{"/square", &square_}}) {
    ANTIPHON_TRY(const nn::Tensor tensor,
                 file.get(prefix + name, {static_cast<std::uint64_t>(total_)}));
    if (tensor.type != nn::Type::f32) {
      return Error{Errc::invalid_input, prefix + name + " is not in F32"};
    }
    std::memcpy(flat->data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  }
  const auto updates = file.metadata().find(prefix + "/updates");
  updates_ =
      updates == file.metadata().end() ? 0 : std::strtoll(updates->second.c_str(), nullptr, 10);
  return Done{};
}

void FlatParameters::write(const at::Tensor& values, nn::SafeTensorsWriter& writer) const {
  for (const Entry& entry : entries_) {
    writer.add(entry.name, {entry.sizes.begin(), entry.sizes.end()},
               std::span<const float>(values.data_ptr<float>() + entry.offset,
                                      static_cast<std::size_t>(entry.count)));
  }
}

}  // namespace antiphon::train
