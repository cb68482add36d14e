// SPDX-License-Identifier: Apache-2.0
#include "antiphon/probe.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace antiphon::app {
namespace {

constexpr std::size_t rows_a_step = 32;
constexpr float rate = 1e-3f, keep_mean = 0.9f, keep_square = 0.999f;

}  // namespace

Probe::Layer::Layer(std::size_t in, std::size_t out, Random& random) : inputs(in), outputs(out) {
  weights.assign((in + 1) * out, 0);
  for (std::size_t i = 0; i < in * out; ++i) {
    weights[i] =
        static_cast<float>((random.uniform() * 2 - 1) * std::sqrt(3.0 / static_cast<double>(in)));
  }
  gradient.assign(weights.size(), 0);
  mean = square = gradient;
}

void Probe::Layer::run(std::span<const float> x, std::span<float> y) const {
  std::copy(weights.end() - static_cast<std::ptrdiff_t>(outputs), weights.end(), y.begin());
  for (std::size_t i = 0; i < inputs; ++i) {
    const float* const row = weights.data() + i * outputs;
    for (std::size_t j = 0; j < outputs; ++j) y[j] += x[i] * row[j];
  }
}

void Probe::Layer::add_gradient(std::span<const float> x, std::span<const float> of_y) {
  for (std::size_t i = 0; i <= inputs; ++i) {
    const float input = i < inputs ? x[i] : 1.0f;
    float* const row = gradient.data() + i * outputs;
    for (std::size_t j = 0; j < outputs; ++j) row[j] += input * of_y[j];
  }
}

void Probe::Layer::step(int count) {
  const auto n = static_cast<float>(count);
  const float unbias_mean = 1 / (1 - std::pow(keep_mean, n));
  const float unbias_square = 1 / (1 - std::pow(keep_square, n));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float g = gradient[i] / rows_a_step;
    mean[i] = keep_mean * mean[i] + (1 - keep_mean) * g;
    square[i] = keep_square * square[i] + (1 - keep_square) * g * g;
    weights[i] -= rate * unbias_mean * mean[i] / (std::sqrt(unbias_square * square[i]) + 1e-8f);
    gradient[i] = 0;
  }
}

Probe::Probe(std::size_t inputs, std::size_t hidden, std::size_t classes, std::uint64_t seed)
    : random_(seed),
      first_(inputs, hidden, random_),
      second_(hidden, classes, random_),
      hidden_(hidden),
      scores_(classes),
      of_hidden_(hidden) {}

void Probe::run(std::span<const float> row) {
  first_.run(row, hidden_);
  for (float& unit : hidden_) unit = std::max(unit, 0.0f);
  second_.run(hidden_, scores_);
}

void Probe::train(std::span<const float> rows, std::span<const int> labels, int epochs) {
  const std::size_t inputs = first_.inputs, classes = second_.outputs;
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<std::size_t>(random_.below(i))]);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto row = rows.subspan(order[i] * inputs, inputs);
      run(row);
      const float highest = *std::ranges::max_element(scores_);
      float sum = 0;
      for (float& score : scores_) sum += score = std::exp(score - highest);
      // What the loss, a negative log-likelihood, says of each score.
      for (float& score : scores_) score /= sum;
      scores_[static_cast<std::size_t>(labels[order[i]])] -= 1;
      second_.add_gradient(hidden_, scores_);
      for (std::size_t unit = 0; unit < hidden_.size(); ++unit) {
        const float* const out = second_.weights.data() + unit * classes;
        of_hidden_[unit] =
            hidden_[unit] > 0 ? std::inner_product(out, out + classes, scores_.data(), 0.0f) : 0;
      }
      first_.add_gradient(row, of_hidden_);
      if ((i + 1) % rows_a_step != 0) continue;
      ++steps_;
      first_.step(steps_);
      second_.step(steps_);
    }
  }
}

int Probe::guess(std::span<const float> row) {
  run(row);
  return static_cast<int>(std::ranges::max_element(scores_) - scores_.begin());
}

}  // namespace antiphon::app
