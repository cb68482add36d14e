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

double classes_a_frame(const BenchmarkData& data) {
  return data.kind == BenchmarkData::Kind::voices ? static_cast<double>(data.slots()) : 1.0;
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
    std::vector<Frames> moved;
    std::vector<const Frames*> pieces;
    std::vector<std::int64_t> from;
    moved.reserve(static_cast<std::size_t>(options_.rows));
    for (std::int64_t i = 0; i < options_.rows; ++i) {
      const auto at = std::upper_bound(until_.begin(), until_.end(), random.below(until_.back()));
      const Frames& piece = data_.train[static_cast<std::size_t>(at - until_.begin())];
      moved.push_back(options_.transpose > 0 ? transposer_(piece, random) : piece);
      pieces.push_back(&moved.back());
      const auto frames = static_cast<std::int64_t>(piece.size());
      const std::int64_t last = std::max<std::int64_t>(0, frames - options_.length);
      from.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(last) + 1)));
    }
    return model.batch_of(pieces, from, options_.length);
  }

 private:
  const BenchmarkData& data_;
  const BenchmarkOptions& options_;
  Transposer transposer_;
  std::vector<std::uint64_t> until_;
};

}  // namespace

double benchmark_nats(const BenchmarkModel& model, const BenchmarkData& data,
                      const std::vector<Frames>& pieces) {
  const at::NoGradGuard no_gradient;
  double sum = 0;
  std::int64_t count = 0;
  for (const Frames& piece : pieces) {
    const auto frames = static_cast<std::int64_t>(piece.size());
    for (std::int64_t from = 0, told = 0; told < frames; from += stretch / 2) {
      const std::int64_t length = std::min(stretch, frames - from);
      const at::Tensor nats = model.nats(model.batch_of({&piece}, {from}, length), 0);
      sum += nats[0].slice(0, told - from).sum(at::kDouble).item<double>();
      told = from + length;
    }
    count += frames;
  }
  return sum / static_cast<double>(count) / classes_a_frame(data);
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
  result.curve = "minute,train,valid\n";
  at::Tensor mean = parameters.value().clone(), best = mean.clone();
  double train_sum = 0, next = options.validate_minutes;
  std::int64_t train_frames = 0;
  const auto start = Clock::now();
  bool ended = false;
  while (!ended) {
    const double share = std::min(1.0, minutes_since(start) / options.minutes);
    const FrameBatch batch = excerpts.draw(model, random);
    const std::int64_t frames = (batch.classes.amax(-1) >= 0).sum().item<std::int64_t>();
    parameters.gradient().zero_();
    const at::Tensor sum = model.nats(batch, options.dropout).sum();
    (sum / static_cast<double>(frames)).backward();
    const double norm = parameters.gradient().norm().item<double>();
    if (norm > most_gradient) parameters.gradient().mul_(most_gradient / norm);
    const double risen =
        std::min(1.0, static_cast<double>(result.steps + 1) / static_cast<double>(warmup));
    parameters.step(options.rate * risen * (1 + std::cos(share * M_PI)) / 2, 0.9, 0.98,
                    options.decay);
    const auto done = static_cast<double>(++result.steps);
    const double keep = std::min(averaging, done / (done + 10));
    mean.mul_(keep).add_(parameters.value(), 1 - keep);
    train_sum += sum.item<double>();
    train_frames += frames;

    ended = share >= 1 || stop();
    if (!ended && minutes_since(start) < next) continue;
    next = minutes_since(start) + options.validate_minutes;
    const at::Tensor kept = parameters.value().clone();
    parameters.value().copy_(mean);
    const double valid = benchmark_nats(model, data, data.valid);
    parameters.value().copy_(kept);
    if (valid < result.valid) {
      result.valid = valid;
      result.best_minute = minutes_since(start);
      best.copy_(mean);
    }
    char line[128];
    std::snprintf(line, sizeof line, "%.2f,%.4f,%.4f", minutes_since(start),
                  train_sum / static_cast<double>(train_frames) / classes_a_frame(data), valid);
    result.curve += std::string(line) + '\n';
    say("seed " + std::to_string(options.seed) + ", step " + std::to_string(result.steps) +
        ", minute,train,valid " + line);
    train_sum = 0, train_frames = 0;
  }
  result.minutes = minutes_since(start);
  parameters.value().copy_(best);
  result.test = benchmark_nats(model, data, data.test);
  return result;
}

}  // namespace antiphon::train
