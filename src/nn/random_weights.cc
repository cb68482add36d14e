// SPDX-License-Identifier: Apache-2.0
#include "nn/random_weights.h"

#include <cmath>
#include <utility>

namespace antiphon::nn {

RandomWeights::RandomWeights(std::uint64_t seed) : random_(seed) {
  file_.set_metadata("model", "random");
}

void RandomWeights::add(const std::string& name, Shape shape, double centre, double reach) {
  std::uint64_t size = 1;
  for (const std::uint64_t extent : shape) size *= extent;
  std::vector<float> values(size);
  for (float& value : values) {
    value = static_cast<float>(centre + reach * (2.0 * random_.uniform() - 1.0));
  }
  file_.add(name, std::move(shape), std::span<const float>(values));
}

void RandomWeights::matrix(const std::string& name, std::uint64_t outputs, std::uint64_t inputs) {
  add(name, {outputs, inputs}, 0.0, std::sqrt(3.0 / static_cast<double>(inputs)));
}

void RandomWeights::tables(const EventConfig& config) {
  add("input.weight", {config.input_rows, config.dim}, 0.0, 1.0);
  if (config.condition_rows == 0) return;
  add("condition.weight", {config.condition_rows, config.dim}, 0.0, 1.0);
}

void RandomWeights::heads(const EventConfig& config) {
  norm("norm.weight", config.dim);
  for (const Field& field : config.fields) {
    const std::string name = "field." + field.name + ".";
    if (field.hidden > 0) {
      matrix(name + "hidden.weight", field.hidden, config.dim);
      add(name + "logits.bias", {field.size}, 0.0, 1.0);
    }
    matrix(name + "logits.weight", field.size, field.hidden > 0 ? field.hidden : config.dim);
  }
}

}  // namespace antiphon::nn
