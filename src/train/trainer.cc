// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numbers>
#include <numeric>
#include <thread>

#include "train/begin.h"
#include "train/checkpoint.h"
#include "train/ranks.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t validation_batches = 4;
// No excerpt worth its header fits less.
constexpr std::int64_t least_length = 32;

// Independent streams of random numbers out of one seed.
Random random_of(std::uint64_t seed, std::int64_t step, int rank) {
  Random mixed(seed * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(step) * 1024u +
               static_cast<std::uint64_t>(rank));
  return Random(mixed.bits());
}

std::string format(const char* pattern, auto... values) {
  char line[512];
  std::snprintf(line, sizeof line, pattern, values...);
  return line;
}

// Loss and gradients of one batch. What the teacher says, if there is one, counts `taught` of it.
Score learn(Model& model, const Batch& batch, Model* teacher, double taught) {
  model.parameters().zero_gradients();
  std::vector<at::Tensor> expected;
  if (teacher != nullptr) expected = teacher->distributions(batch);
  auto losses = model.losses(batch, teacher != nullptr ? &expected : nullptr);
  at::Tensor unlike;
  if (teacher != nullptr) {
    unlike = losses.back();
    losses.pop_back();
  }
  at::Tensor total = losses[0];
  for (std::size_t i = 1; i < losses.size(); ++i) total = total + losses[i];
  (teacher != nullptr ? (1 - taught) * total + taught * unlike : total).backward();
  Score result;
  for (const at::Tensor& loss : losses) result.nats.push_back(loss.item<double>());
  result.events = static_cast<std::int64_t>(batch.events());
  result.notes = batch.notes;
  return result;
}

// Models with equal parameters that learn from different batches at one time.
class Replicas {
 public:
  Replicas(const RunOptions& options) : taught_(options.taught) {
    for (int i = 0; i < std::max(options.replicas, 1); ++i) {
      models_.push_back(
          std::make_unique<Model>(options.shape, options.product, options.device, options.seed));
    }
  }

  /// Each gets a teacher of its own.
  Status teach(const RunOptions& options) {
    ANTIPHON_TRY(const Shape shape, shape_to_begin_with(options.teacher));
    if (shape.vocabulary != options.shape.vocabulary) {
      return Error{Errc::invalid_input,
                   options.teacher.string() + ": a teacher has the vocabulary of its pupil"};
    }
    for (std::size_t i = 0; i < models_.size(); ++i) {
      teachers_.push_back(
          std::make_unique<Model>(shape, options.product, options.device, options.seed));
      ANTIPHON_CHECK(begin_with(options.teacher, *teachers_.back()));
    }
    return Done{};
  }

  Model& first() { return *models_.front(); }
  std::size_t count() const { return models_.size(); }

  /// Leaves the sum of all gradients with the first model.
  Score learn_from(const std::vector<Batch>& batches) {
    std::vector<Score> scores(batches.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < models_.size(); ++i) {
      threads.emplace_back([&, i] {
        at::set_num_threads(1);
        scores[i] = learn(*models_[i], batches[i], teacher(i), taught_);
      });
    }
    scores[0] = learn(first(), batches[0], teacher(0), taught_);
    for (std::thread& thread : threads) thread.join();
    const auto to = first().parameters().groups();
    for (std::size_t i = 1; i < models_.size(); ++i) {
      const auto from = models_[i]->parameters().groups();
      for (std::size_t g = 0; g < to.size(); ++g) to[g]->gradient.add_(from[g]->gradient);
      scores[0].add(scores[i]);
    }
    return scores[0];
  }

  /// Gives the first model's parameters to the others.
  void spread() {
    at::NoGradGuard no_gradient;
    const auto from = first().parameters().groups();
    for (std::size_t i = 1; i < models_.size(); ++i) {
      const auto to = models_[i]->parameters().groups();
      for (std::size_t g = 0; g < to.size(); ++g) to[g]->work.copy_(from[g]->work);
    }
  }

 private:
  Model* teacher(std::size_t i) const { return teachers_.empty() ? nullptr : teachers_[i].get(); }

  std::vector<std::unique_ptr<Model>> models_, teachers_;
  double taught_;
};

// The curve as a file that grows; a resumed run goes on with it.
class Curve {
 public:
  explicit Curve(const fs::path& path) : file_(path, std::ios::app) {
    std::error_code error;
    if (fs::file_size(path, error) == 0 || error) {
      file_ << "step,seconds,events,rate,norm,train_nats_per_event,train_nats_per_note,"
               "validation_nats_per_event,validation_nats_per_note\n";
    }
  }
  void add(const Progress& progress, double rate, double norm, const Score& train,
           const Score* validation) {
    file_ << progress.step << ',' << format("%.1f", progress.seconds) << ',' << progress.events
          << ',' << format("%.3g,%.3g,%.4f,%.4f,", rate, norm, train.per_event(), train.per_note());
    if (validation != nullptr) {
      file_ << format("%.4f,%.4f", validation->per_event(), validation->per_note());
    } else {
      file_ << ',';
    }
    file_ << std::endl;
  }

 private:
  std::ofstream file_;
};

}  // namespace

double rate_at(Schedule schedule, std::int64_t step, std::int64_t warmup, double done) {
  const double rising =
      warmup > 0 ? std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(warmup)) : 1.0;
  done = std::clamp(done, 0.0, 1.0);
  if (schedule == Schedule::wsd) return rising * std::min(1.0, (1.0 - done) * 3.0);
  return rising * (0.01 + 0.99 * 0.5 * (1.0 + std::cos(std::numbers::pi * done)));
}

double Score::total() const { return std::accumulate(nats.begin(), nats.end(), 0.0); }

void Score::add(const Score& other) {
  nats.resize(std::max(nats.size(), other.nats.size()));
  for (std::size_t i = 0; i < other.nats.size(); ++i) nats[i] += other.nats[i];
  events += other.events;
  notes += other.notes;
}

Score score(Model& model, const Batch& batch) {
  at::NoGradGuard no_gradient;
  Score result;
  for (const at::Tensor& loss : model.losses(batch)) result.nats.push_back(loss.item<double>());
  result.events = static_cast<std::int64_t>(batch.events());
  result.notes = batch.notes;
  return result;
}

Status run(const RunOptions& options, const Dataset& train, const Dataset* validation,
           const std::function<bool()>& stop, const std::function<void(const std::string&)>& say) {
  const auto lessons = [&options](const Dataset& data, const Change& change) {
    return Lessons{[&options, &data, &change](std::int64_t rows, Random& random) {
                     const auto context = static_cast<std::int64_t>(options.shape.context);
                     return data.draw(rows, options.length > 0 ? options.length : context, random,
                                      layout_of(options.shape), change);
                   },
                   format("%zu pieces, %.1f M notes", data.pieces().size(),
                          static_cast<double>(data.notes()) / 1e6)};
  };
  const Change none;
  const Lessons learned = lessons(train, options.change);
  if (validation == nullptr) return run(options, learned, nullptr, stop, say);
  const Lessons held = lessons(*validation, none);
  return run(options, learned, &held, stop, say);
}

Status run(const RunOptions& options, const Lessons& train, const Lessons* validation,
           const std::function<bool()>& stop, const std::function<void(const std::string&)>& say) {
  if (options.steps <= 0 && options.minutes <= 0) {
    return Error{Errc::invalid_input, "a run needs an end: steps or minutes"};
  }
  ANTIPHON_CHECK(options.shape.check());
  if (options.sequences < std::max(options.replicas, 1)) {
    return Error{Errc::invalid_input, "a batch needs a row a replica"};
  }
  const std::int64_t length = options.length > 0 ? options.length : options.shape.context;
  if (length < least_length || length > options.shape.context) {
    return Error{Errc::invalid_input, "a row has " + std::to_string(least_length) + " to " +
                                          std::to_string(options.shape.context) +
                                          " steps, the context, not " + std::to_string(length)};
  }
  ANTIPHON_TRY(const auto ranks, Ranks::from_environment());
  std::error_code error;
  fs::create_directories(options.checkpoint, error);
  const fs::path last = options.checkpoint / "last.safetensors";

  Replicas replicas(options);
  Model& model = replicas.first();
  Optimizer optimizer(model.parameters(), options.optimizer);
  Progress progress;
  progress.seed = options.seed;
  if (options.resume && fs::exists(last)) {
    ANTIPHON_CHECK(load_checkpoint(last, model, optimizer, progress));
    if (ranks->leads())
      say(format("goes on from step %lld", static_cast<long long>(progress.step)));
  } else if (!options.from.empty()) {
    ANTIPHON_CHECK(begin_with(options.from, model));
  }
  if (!options.teacher.empty()) ANTIPHON_CHECK(replicas.teach(options));
  replicas.spread();
  if (ranks->leads()) {
    say(format("%.2f M parameters, %s", static_cast<double>(model.parameters().count()) / 1e6,
               train.what.c_str()));
  }
  std::vector<Batch> fixed;
  if (validation != nullptr && ranks->leads()) {
    for (std::int64_t i = 0; i < validation_batches; ++i) {
      Random random = random_of(0x7a11da7e, i, 0);
      fixed.push_back(validation->draw(options.sequences, random));
    }
  }

  Curve curve(ranks->leads() ? options.checkpoint / "curve.csv" : fs::path("/dev/null"));
  const auto begin = Clock::now();
  const double seconds_before = progress.seconds;
  double saved = seconds_before;
  double validated = -1e9;
  double reported = seconds_before;
  std::int64_t skipped = 0;
  const auto replica_count = static_cast<std::int64_t>(replicas.count());
  Score recent;
  const auto save = [&]() -> Status {
    saved = progress.seconds;
    return ranks->leads() ? save_checkpoint(last, model, optimizer, progress) : Done{};
  };
  const auto validate = [&] {
    Score sum;
    for (const Batch& batch : fixed) sum.add(score(model, batch));
    return sum;
  };

  for (;;) {
    const double done = std::max(
        options.steps > 0 ? static_cast<double>(progress.step) / static_cast<double>(options.steps)
                          : 0.0,
        options.minutes > 0 ? progress.seconds / (options.minutes * 60) : 0.0);
    // All ranks stop at the same step, by the furthest of them.
    if (ranks->largest(stop() ? 2.0 : done) >= 1.0) break;
    Random random = random_of(progress.seed, progress.step, ranks->rank());
    std::vector<Batch> batches;
    for (std::int64_t i = 0, left = options.sequences; i < replica_count; ++i) {
      const std::int64_t rows = left / (replica_count - i);
      batches.push_back(train.draw(rows, random));
      left -= rows;
    }
    const Score sum = replicas.learn_from(batches);
    const double events = ranks->sum(static_cast<double>(sum.events));
    ranks->add_up(model.parameters());
    const double rate =
        options.learning_rate * rate_at(options.schedule, progress.step, options.warmup, done);
    const double norm = optimizer.step(rate, 1.0 / events);
    replicas.spread();
    skipped += !std::isfinite(norm);
    recent.add(sum);
    ++progress.step;
    progress.events += static_cast<std::int64_t>(events);
    progress.seconds = seconds_before + std::chrono::duration<double>(Clock::now() - begin).count();

    if (progress.step % options.report_steps == 0 && ranks->leads()) {
      Score validated_score;
      const bool validating =
          !fixed.empty() && progress.seconds - validated >= options.validate_minutes * 60;
      std::string line = format(
          "step %lld  %.1f min  %.2f M events  %.0f events/s  rate %.2e  norm %.2f  nats/event %.3f"
          "  nats/note %.3f",
          static_cast<long long>(progress.step), progress.seconds / 60,
          static_cast<double>(progress.events) / 1e6,
          static_cast<double>(recent.events) * ranks->count() /
              std::max(progress.seconds - reported, 1e-9),
          rate, norm, recent.per_event(), recent.per_note());
      if (validating) {
        validated_score = validate();
        validated = progress.seconds;
        line += format("  validation %.3f nats/event %.3f nats/note [", validated_score.per_event(),
                       validated_score.per_note());
        for (const double nats : validated_score.nats) {
          line += format(" %.3f", nats / static_cast<double>(validated_score.events));
        }
        line += " ]";
      }
      if (skipped > 0) line += format("  (%lld updates skipped)", static_cast<long long>(skipped));
      say(line);
      curve.add(progress, rate, norm, recent, validating ? &validated_score : nullptr);
      recent = {};
      reported = seconds_before + std::chrono::duration<double>(Clock::now() - begin).count();
    }
    if (progress.seconds - saved >= options.checkpoint_minutes * 60) ANTIPHON_CHECK(save());
  }
  if (!fixed.empty()) {
    const Score final_score = validate();
    say(format("ends at step %lld: validation %.4f nats/event, %.4f nats/note",
               static_cast<long long>(progress.step), final_score.per_event(),
               final_score.per_note()));
    curve.add(progress, 0, 0, recent, &final_score);
  }
  return save();
}

}  // namespace antiphon::train
