// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

#include "train/kernels.h"

namespace antiphon::train {
namespace {

using kernels::Bf16;

constexpr std::int64_t numbers_a_task = 1 << 16;

double sum_of_squares(const at::Tensor& x) {
  if (!x.is_cpu()) return x.to(at::kFloat).square().sum().item<double>();
  double total = 0;
  std::mutex joining;
  at::parallel_for(0, x.size(0), numbers_a_task, [&](std::int64_t begin, std::int64_t end) {
    const double own =
        x.scalar_type() == at::kBFloat16
            ? kernels::sum_of_squares(static_cast<const Bf16*>(x.data_ptr()) + begin, end - begin)
            : kernels::sum_of_squares(x.data_ptr<float>() + begin, end - begin);
    const std::lock_guard lock(joining);
    total += own;
  });
  return total;
}

void update_on_cpu(const kernels::AdamStep& step, ParameterGroup& group, at::Tensor& mean,
                   at::Tensor& square) {
  const bool narrow = group.work.scalar_type() == at::kBFloat16;
  at::parallel_for(0, group.count(), numbers_a_task, [&](std::int64_t begin, std::int64_t end) {
    float* const value = group.value.data_ptr<float>() + begin;
    float* const m = mean.data_ptr<float>() + begin;
    float* const v = square.data_ptr<float>() + begin;
    if (narrow) {
      kernels::adam(step, static_cast<const Bf16*>(group.gradient.data_ptr()) + begin, end - begin,
                    value, m, v, static_cast<Bf16*>(group.work.data_ptr()) + begin);
    } else {
      kernels::adam(step, group.gradient.data_ptr<float>() + begin, end - begin, value, m, v,
                    nullptr);
    }
  });
}

void update_plainly(const kernels::AdamStep& step, ParameterGroup& group, at::Tensor& mean,
                    at::Tensor& square) {
  const at::Tensor gradient = group.gradient.to(at::kFloat) * step.gradient_factor;
  mean.mul_(step.beta1).add_(gradient, 1.0F - step.beta1);
  square.mul_(step.beta2).addcmul_(gradient, gradient, 1.0F - step.beta2);
  const at::Tensor root = square.sqrt().mul_(step.root_correction).add_(step.epsilon);
  group.value.mul_(step.shrink).addcdiv_(mean, root, -step.rate);
  if (!group.work.is_same(group.value)) group.work.copy_(group.value);
}

// One matrix of a group.
void update_by_muon(const OptimizerOptions& options, double rate, double gradient_factor,
                    const Slice& slice, ParameterGroup& group, const at::Tensor& mean) {
  const auto matrix = [&](const at::Tensor& flat) {
    return flat.narrow(0, slice.offset, slice.count).view(slice.sizes);
  };
  const at::Tensor value = matrix(group.value);
  muon_step(rate, options.momentum, 1.0 - rate * options.decay, group.work.scalar_type(),
            matrix(group.gradient).to(at::kFloat) * gradient_factor, matrix(mean), value);
  if (!group.work.is_same(group.value)) matrix(group.work).copy_(value);
}

}  // namespace

void muon_step(double rate, double momentum, double shrink, at::ScalarType product,
               const at::Tensor& gradient, const at::Tensor& mean, const at::Tensor& value) {
  mean.mul_(momentum).add_(gradient);
  // Nesterov's: the momentum as it will be if the gradient stays.
  const at::Tensor ahead = gradient.add(mean, momentum);
  const auto longest = static_cast<double>(std::max(value.size(0), value.size(1)));
  value.mul_(shrink);
  value.sub_(orthogonal(ahead.to(product)).to(at::kFloat), rate * 0.2 * std::sqrt(longest));
}

at::Tensor orthogonal(const at::Tensor& x) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;
  const bool tall = x.size(0) > x.size(1);
  at::Tensor y = tall ? x.t() : x;
  y = y / (y.to(at::kFloat).norm().item<double>() + 1e-7);
  for (int i = 0; i < 5; ++i) {
    const at::Tensor square = at::mm(y, y.t());
    y = at::addmm(y, at::addmm(square, square, square, b, c), y, a);
  }
  return tall ? y.t() : y;
}

Optimizer::Optimizer(Parameters& parameters, OptimizerOptions options)
    : parameters_(parameters), options_(options) {
  for (const ParameterGroup* group : parameters.groups()) {
    state_.mean.push_back(at::zeros_like(group->value));
    state_.square.push_back(at::zeros_like(group->value));
  }
}

double Optimizer::step(double learning_rate, double gradient_factor) {
  at::NoGradGuard no_gradient;
  double squares = 0;
  for (const ParameterGroup* group : parameters_.groups()) {
    squares += sum_of_squares(group->gradient);
  }
  const double norm = std::sqrt(squares) * gradient_factor;
  if (!std::isfinite(norm)) return norm;
  if (options_.clip > 0 && norm > options_.clip) gradient_factor *= options_.clip / norm;

  ++state_.steps;
  const auto steps = static_cast<double>(state_.steps);
  std::size_t i = 0;
  for (ParameterGroup* group : parameters_.groups()) {
    kernels::AdamStep step{};
    step.beta1 = static_cast<float>(options_.beta1);
    step.beta2 = static_cast<float>(options_.beta2);
    step.rate = static_cast<float>(learning_rate / (1.0 - std::pow(options_.beta1, steps)));
    step.root_correction =
        static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(options_.beta2, steps)));
    step.epsilon = static_cast<float>(options_.epsilon);
    step.shrink = static_cast<float>(group->decays ? 1.0 - learning_rate * options_.decay : 1.0);
    step.gradient_factor = static_cast<float>(gradient_factor);
    auto& mean = state_.mean[i];
    auto& square = state_.square[i];
    if (options_.muon && group->hidden) {
      std::atomic<std::size_t> next{0};
      const auto update = [&] {
        at::NoGradGuard none;
        for (std::size_t k; (k = next++) < group->slices.size();) {
          update_by_muon(options_, learning_rate, gradient_factor, group->slices[k], *group, mean);
        }
      };
      std::vector<std::thread> threads;
      for (int t = 1; t < options_.threads; ++t) {
        threads.emplace_back([&] {
          at::set_num_threads(1);
          update();
        });
      }
      update();
      for (std::thread& thread : threads) thread.join();
    } else if (group->value.is_cpu()) {
      update_on_cpu(step, *group, mean, square);
    } else {
      update_plainly(step, *group, mean, square);
    }
    ++i;
  }
  return norm;
}

}  // namespace antiphon::train
