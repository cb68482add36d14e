// SPDX-License-Identifier: Apache-2.0
#include "nn/session.h"

#include <algorithm>
#include <cassert>

namespace antiphon::nn {
Session::Session(std::shared_ptr<const Transformer> model, SessionOptions options)
    : model_(std::move(model)),
      capacity_(options.capacity == 0 ? model_->config().context : options.capacity),
      workers_(options.workers),
      cache_(model_->type(), 0, model_->config().layers, model_->config().kv_heads,
             model_->config().head_dim, capacity_),
      // Steps that all see each other go through the layers in one piece.
      work_(*model_,
            model_->config().bidirectional ? capacity_ : std::max<std::size_t>(1, options.rows),
            workers_ ? workers_->count() : 1, capacity_),
      rows_(work_.rows()),
      z_(model_->config().dim),
      choice_(model_->ends(), model_->kernels()) {
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
    model_->ends().embed(steps[i], {work_.x(i), z_.size()});
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

void Session::take(const Session& other, std::size_t from) {
  assert(other.model_ == model_ && from <= std::min(size_, other.size_) &&
         other.size_ <= capacity_);
  cache_.copy(other.cache_, from, other.size_);
  size_ = other.size_;
  std::copy(other.z_.begin(), other.z_.end(), z_.begin());
}

void Session::embed(std::span<const Step> steps, std::span<float> x) const {
  assert(x.size() == steps.size() * z_.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    model_->ends().embed(steps[i], x.subspan(i * z_.size(), z_.size()));
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
  model_->ends().finish(model_->kernels(), x, z);
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
      logits_(max_sessions * model_->ends().largest_field()) {}

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
      model_->ends().embed(steps[i], {work_.x(i), session.z_.size()});
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
  assert(sessions.size() <= work_.rows() && field < model_->ends().heads.size());
  const std::size_t dim = model_->config().dim;
  const std::size_t size = model_->config().fields[field].size;
  divide(sessions.size(), [&](Share own, Member) {
    for (std::size_t i = own.begin; i < own.end; ++i) {
      std::copy_n(sessions[i]->choice_.z().data(), dim, running_.data() + i * dim);
    }
    run_head(model_->ends().heads[field], model_->kernels(), work_.head_buffers(own.begin),
             own.end - own.begin, running_.data() + own.begin * dim, dim,
             logits_.data() + own.begin * size, size);
  });
  return std::span(logits_).first(sessions.size() * size);
}

}  // namespace antiphon::nn
