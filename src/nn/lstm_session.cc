// SPDX-License-Identifier: Apache-2.0
#include "nn/lstm_session.h"

#include <algorithm>
#include <cassert>

namespace antiphon::nn {

LstmSession::LstmSession(std::shared_ptr<const Lstm> model, std::size_t capacity)
    : model_(std::move(model)),
      capacity_(capacity == 0 ? model_->config().context : capacity),
      dim_(model_->config().dim),
      memory_((capacity_ + 1) * model_->layers().size() * 2 * dim_),
      x_(chunk * dim_),
      normed_(dim_),
      gates_(chunk * 4 * dim_),
      operands_(chunk * model_->layers().front().x.operand_bytes()),
      operand_bytes_(model_->layers().front().x.operand_bytes()),
      z_(dim_),
      choice_(model_->ends(), model_->kernels()) {
  assert(capacity_ <= model_->config().context);
}

float* LstmSession::cells(std::size_t step, std::size_t layer) {
  return memory_.data() + (step * model_->layers().size() + layer) * 2 * dim_;
}

void LstmSession::run_layer(std::size_t index, std::size_t steps) {
  const LstmLayer& layer = model_->layers()[index];
  const Kernels& kernels = model_->kernels();
  const auto type = static_cast<std::size_t>(layer.x.type());
  const auto prepare = [&](const float* x, std::size_t row) {
    kernels.prepare[type](x, dim_, layer.x.packed().inputs,
                          operands_.data() + row * operand_bytes_);
  };
  const auto add_product = [&](const Matrix& matrix, std::size_t count, float* gates) {
    kernels.multiply[type](matrix.packed(), 0, matrix.tiles(), operands_.data(), operand_bytes_,
                           count, gates, 4 * dim_, true);
  };
  for (std::size_t r = 0; r < steps; ++r) {
    kernels.rms_norm(x_.data() + r * dim_, layer.norm.data(), dim_, normed_.data());
    prepare(normed_.data(), r);
    std::copy(layer.bias.begin(), layer.bias.end(), gates_.data() + r * 4 * dim_);
  }
  add_product(layer.x, steps, gates_.data());
  for (std::size_t r = 0; r < steps; ++r) {
    float* gates = gates_.data() + r * 4 * dim_;
    const float* before = cells(size_ + r, index);
    float* after = cells(size_ + r + 1, index);
    float* state = after + dim_;
    prepare(before + dim_, 0);
    add_product(layer.h, 1, gates);
    std::copy_n(before, dim_, after);
    kernels.lstm(gates, dim_, after, state);
    for (std::size_t i = 0; i < dim_; ++i) x_[r * dim_ + i] += state[i];
  }
}

void LstmSession::feed_chunk(std::span<const Step> steps) {
  assert(size_ + steps.size() <= capacity_);
  for (std::size_t r = 0; r < steps.size(); ++r) {
    model_->ends().embed(steps[r], {x_.data() + r * dim_, dim_});
  }
  for (std::size_t i = 0; i < model_->layers().size(); ++i) run_layer(i, steps.size());
  size_ += steps.size();
}

std::span<const float> LstmSession::feed(std::span<const Step> steps) {
  assert(!steps.empty());
  std::size_t count = 0;
  for (; !steps.empty(); steps = steps.subspan(count)) {
    count = std::min(steps.size(), chunk);
    feed_chunk(steps.first(count));
  }
  model_->ends().finish(model_->kernels(), {x_.data() + (count - 1) * dim_, dim_}, z_);
  return z_;
}

void LstmSession::score(std::span<const Step> steps, std::span<float> z) {
  assert(z.size() == steps.size() * dim_);
  for (; !steps.empty(); steps = steps.subspan(std::min(steps.size(), chunk))) {
    const std::size_t count = std::min(steps.size(), chunk);
    feed_chunk(steps.first(count));
    model_->ends().finish(model_->kernels(), {x_.data(), count * dim_}, z.first(count * dim_));
    z = z.subspan(count * dim_);
    if (count == steps.size()) std::copy_n(z.data() - dim_, dim_, z_.begin());
  }
}

void LstmSession::rewind(std::size_t size) {
  assert(size <= size_);
  size_ = size;
}

}  // namespace antiphon::nn
