// SPDX-License-Identifier: Apache-2.0
#include "train/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

namespace antiphon::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t stretch = 512;
constexpr std::int64_t warmup = 50;
constexpr double averaging = 0.995;  // Of the weights, a step.
constexpr double most_gradient = 1;  // Its norm.

double minutes_since(Clock::time_point start) {
  return std::chrono::duration<double, std::ratio<60>>(Clock::now() - start).count();
}

// Draws excerpts, each frame of the training pieces as likely as any other.
class Excerpts {
 public:
  Excerpts(const BenchmarkData& data, const BenchmarkOptions& options)
      : data_(data), options_(options), transposer_(data, options.transpose) {
    for (const Frames& piece : data.train) {
      until_.push_back((until_.empty() ? 0 : until_.back()) + piece.size());
    }
  }

  FrameBatch draw(const BenchmarkModel& model, Random& random) const {
    std::vector<Transposer::Moved> moved;
    std::vector<FrameExcerpt> excerpts;
    moved.reserve(static_cast<std::size_t>(options_.rows));
    for (std::int64_t i = 0; i < options_.rows; ++i) {
      const auto at = std::upper_bound(until_.begin(), until_.end(), random.below(until_.back()));
      const Frames& piece = data_.train[static_cast<std::size_t>(at - until_.begin())];
      const auto frames = static_cast<std::int64_t>(piece.size());
      const std::int64_t last = std::max<std::int64_t>(0, frames - options_.length);
      const auto from =
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(last) + 1));
      if (options_.transpose > 0) {
        moved.push_back(transposer_(piece, random));
        excerpts.push_back({&moved.back().piece, from, moved.back().by});
      } else {
        excerpts.push_back({&piece, from});
      }
    }
    return model.batch_of(excerpts, options_.length);
  }

 private:
  const BenchmarkData& data_;
  const BenchmarkOptions& options_;
  Transposer transposer_;
  std::vector<std::uint64_t> until_;
};

}  // namespace

at::Tensor frame_nats(const BenchmarkModel& model, const std::vector<Frames>& pieces) {
  const at::NoGradGuard no_gradient;
  std::vector<at::Tensor> all;
  for (const Frames& piece : pieces) {
    const auto frames = static_cast<std::int64_t>(piece.size());
    for (std::int64_t from = 0, told = 0; told < frames; from += stretch / 2) {
      const std::int64_t length = std::min(stretch, frames - from);
      const at::Tensor nats = model.nats(model.batch_of({{&piece, from}}, length));
      all.push_back(nats[0].slice(0, told - from).to(at::kDouble));
      told = from + length;
    }
  }
  return at::cat(all);
}

double published_mean(const BenchmarkData& data, const at::Tensor& frame_nats) {
  const bool voices = data.kind == BenchmarkData::Kind::voices;
  return frame_nats.mean().item<double>() / (voices ? data.slots() : 1);
}

at::Tensor mixture_nats(const std::vector<at::Tensor>& models) {
  return -at::logsumexp(-at::stack(models), {0}) + std::log(static_cast<double>(models.size()));
}

BenchmarkResult train_benchmark(const BenchmarkData& data, const BenchmarkOptions& options,
                                const std::function<bool()>& stop,
                                const std::function<void(const std::string&)>& say) {
  at::manual_seed(options.seed);
  Random random(options.seed);
  BenchmarkModel model(data, options.shape, random);
  FlatParameters& parameters = model.parameters();
  const Excerpts excerpts(data, options);

  BenchmarkResult result;
  result.valid = std::numeric_limits<double>::infinity();
  result.curve = "step,train,valid\n";
  at::Tensor mean = parameters.value().clone(), best = mean.clone();
  std::vector<at::Tensor> learned;  // The nats of the training frames since the last validation.
  const auto start = Clock::now();
  for (bool ended = false; !ended;) {
    const auto done = static_cast<double>(result.steps);
    const double share = done / static_cast<double>(options.steps);
    const FrameBatch batch = excerpts.draw(model, random);
    parameters.gradient().zero_();
    const at::Tensor nats =
        model.nats(batch, options.dropout).masked_select(batch.classes.amax(-1) >= 0);
    nats.mean().backward();
    const double norm = parameters.gradient().norm().item<double>();
    if (norm > most_gradient) parameters.gradient().mul_(most_gradient / norm);
    const double risen = std::min(1.0, (done + 1) / static_cast<double>(warmup));
    parameters.step({.rate = options.rate * risen * (1 + std::cos(share * M_PI)) / 2,
                     .beta2 = 0.98,
                     .decay = options.decay,
                     .muon = options.muon});
    ++result.steps;
    const double keep = std::min(averaging, (done + 1) / (done + 11));
    mean.mul_(keep).add_(parameters.value(), 1 - keep);
    learned.push_back(nats.detach());

    ended = result.steps >= options.steps || stop();
    if (!ended && result.steps % options.validate_steps != 0) continue;
    const at::Tensor kept = parameters.value().clone();
    parameters.value().copy_(mean);
    const double valid = published_mean(data, frame_nats(model, data.valid));
    parameters.value().copy_(kept);
    if (valid < result.valid) {
      result.valid = valid;
      result.best = result.steps;
      best.copy_(mean);
    }
    char line[128];
    std::snprintf(line, sizeof line, "%lld,%.4f,%.4f", static_cast<long long>(result.steps),
                  published_mean(data, at::cat(learned)), valid);
    result.curve += std::string(line) + '\n';
    learned.clear();
    char minutes[32];
    std::snprintf(minutes, sizeof minutes, "%.1f min", minutes_since(start));
    say("seed " + std::to_string(options.seed) + ", " + minutes + ", step,train,valid " + line);
  }
  result.minutes = minutes_since(start);
  parameters.value().copy_(best);
  result.test = frame_nats(model, data.test);
  return result;
}

}  // namespace antiphon::train
