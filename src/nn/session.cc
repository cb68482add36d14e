// SPDX-License-Identifier: Apache-2.0
#include "nn/session.h"

#include <algorithm>
#include <cassert>

namespace antiphon::nn {
namespace {

std::size_t largest_field(const TransformerConfig& config) {
  std::size_t size = 0;
  for (const Field& field : config.fields) size = std::max<std::size_t>(size, field.size);
  return size;
}

void embed_step(const Transformer& model, const Step& step, std::span<float> x) {
  std::fill(x.begin(), x.end(), 0.0f);
  for (const std::uint16_t row : step.rows) model.input().add_row(row, x);
}

}  // namespace

Session::Session(std::shared_ptr<const Transformer> model, SessionOptions options)
    : model_(std::move(model)),
      capacity_(options.capacity == 0 ? model_->config().context : options.capacity),
      workers_(options.workers),
      cache_(model_->type(), 0, model_->config().layers, model_->config().kv_heads,
             model_->config().head_dim, capacity_),
      work_(*model_, std::max<std::size_t>(1, options.rows), workers_ ? workers_->count() : 1,
            capacity_),
      rows_(work_.rows()),
      z_(model_->config().dim),
      running_(model_->config().dim),
      logits_(largest_field(model_->config())) {
  assert(capacity_ <= model_->config().context);
}

void Session::run(std::size_t rows, std::size_t first_layer, std::size_t last_layer) {
  const auto pass = [&](Member member) {
    run_layers(*model_, work_, 0, std::span(rows_).first(rows), first_layer, last_layer, member);
  };
  if (workers_) {
    workers_->run(pass);
  } else {
    pass(Member());
  }
}

void Session::feed_chunk(std::span<const Step> steps) {
  assert(size_ + steps.size() <= capacity_);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    embed_step(*model_, steps[i], {work_.x(i), z_.size()});
    rows_[i] = {&cache_, static_cast<std::uint32_t>(size_ + i), steps[i].time};
  }
  run(steps.size(), 0, model_->layers().size());
  size_ += steps.size();
}

std::span<const float> Session::feed(std::span<const Step> steps) {
  assert(!steps.empty());
  std::size_t count = 0;
  for (; !steps.empty(); steps = steps.subspan(count)) {
    count = std::min(steps.size(), work_.rows());
    feed_chunk(steps.first(count));
  }
  finish({work_.x(count - 1), z_.size()}, z_);
  return z_;
}

void Session::score(std::span<const Step> steps, std::span<float> z) {
  assert(z.size() == steps.size() * z_.size());
  while (!steps.empty()) {
    const std::size_t count = std::min(steps.size(), work_.rows());
    feed_chunk(steps.first(count));
    finish({work_.x(0), count * z_.size()}, z.first(count * z_.size()));
    std::copy_n(z.begin() + static_cast<std::ptrdiff_t>((count - 1) * z_.size()), z_.size(),
                z_.begin());
    steps = steps.subspan(count);
    z = z.subspan(count * z_.size());
  }
}

void Session::rewind(std::size_t size) {
  assert(size <= size_);
  size_ = size;
}

void Session::begin(std::span<const float> z) {
  assert(z.size() == running_.size());
  std::copy(z.begin(), z.end(), running_.begin());
}

std::span<float> Session::logits(std::size_t field) {
  assert(field < model_->heads().size());
  run_head(*model_, field, work_, 0, 1, running_.data(), running_.size(), logits_.data(),
           logits_.size());
  return std::span(logits_).first(model_->config().fields[field].size);
}

void Session::condition(std::span<const std::uint16_t> rows) {
  for (const std::uint16_t row : rows) model_->condition().add_row(row, running_);
}

void Session::embed(std::span<const Step> steps, std::span<float> x) const {
  assert(x.size() == steps.size() * z_.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    embed_step(*model_, steps[i], x.subspan(i * z_.size(), z_.size()));
  }
}

void Session::forward(std::span<const std::int32_t> times, std::size_t first_layer,
                      std::size_t last_layer, std::span<float> x) {
  assert(size_ + times.size() <= capacity_ && x.size() == times.size() * z_.size());
  for (std::size_t done = 0; done < times.size();) {
    const std::size_t count = std::min(times.size() - done, work_.rows());
    const std::span<float> part = x.subspan(done * z_.size(), count * z_.size());
    std::copy(part.begin(), part.end(), work_.x(0));
    for (std::size_t i = 0; i < count; ++i) {
      rows_[i] = {&cache_, static_cast<std::uint32_t>(size_ + done + i), times[done + i]};
    }
    run(count, first_layer, last_layer);
    std::copy_n(work_.x(0), part.size(), part.begin());
    done += count;
  }
}

void Session::finish(std::span<const float> x, std::span<float> z) const {
  assert(x.size() == z.size() && x.size() % z_.size() == 0);
  for (std::size_t at = 0; at < x.size(); at += z_.size()) {
    model_->kernels().rms_norm(x.data() + at, model_->norm().data(), z_.size(), z.data() + at);
  }
}

void Session::advance(std::size_t steps) {
  assert(size_ + steps <= capacity_);
  size_ += steps;
}

Batch::Batch(std::shared_ptr<const Transformer> model, std::size_t max_sessions, Workers* workers)
    : model_(std::move(model)),
      workers_(workers),
      work_(*model_, max_sessions, workers ? workers->count() : 1, model_->config().context),
      rows_(max_sessions),
      running_(max_sessions * model_->config().dim),
      logits_(max_sessions * largest_field(model_->config())) {}

template <class Function>
void Batch::divide(std::size_t rows, const Function& function) {
  const auto part = [&](Member member) { function(member.share(rows), member.alone()); };
  if (workers_) {
    workers_->run(part);
  } else {
    part(Member());
  }
}

void Batch::step(std::span<Session* const> sessions, std::span<const Step> steps) {
  assert(sessions.size() == steps.size() && sessions.size() <= work_.rows());
  divide(sessions.size(), [&](Share own, Member member) {
    for (std::size_t i = own.begin; i < own.end; ++i) {
      Session& session = *sessions[i];
      assert(session.model_ == model_ && session.size_ < session.capacity_);
      embed_step(*model_, steps[i], {work_.x(i), session.z_.size()});
      rows_[i] = {&session.cache_, static_cast<std::uint32_t>(session.size_), steps[i].time};
    }
    run_layers(*model_, work_, own.begin, std::span(rows_).subspan(own.begin, own.end - own.begin),
               0, model_->layers().size(), member);
    for (std::size_t i = own.begin; i < own.end; ++i) {
      Session& session = *sessions[i];
      ++session.size_;
      session.finish({work_.x(i), session.z_.size()}, session.z_);
      session.begin();
    }
  });
}

std::span<float> Batch::logits(std::span<Session* const> sessions, std::size_t field) {
  assert(sessions.size() <= work_.rows() && field < model_->heads().size());
  const std::size_t dim = model_->config().dim;
  const std::size_t size = model_->config().fields[field].size;
  divide(sessions.size(), [&](Share own, Member) {
    for (std::size_t i = own.begin; i < own.end; ++i) {
      std::copy_n(sessions[i]->running_.data(), dim, running_.data() + i * dim);
    }
    run_head(*model_, field, work_, own.begin, own.end - own.begin,
             running_.data() + own.begin * dim, dim, logits_.data() + own.begin * size, size);
  });
  return std::span(logits_).first(sessions.size() * size);
}

}  // namespace antiphon::nn
