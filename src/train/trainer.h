// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "train/batch.h"
#include "train/dataset.h"
#include "train/model.h"
#include "train/optimizer.h"

namespace antiphon::train {

enum class Schedule {
  cosine,  ///< Half a cosine, down to a hundredth of the peak.
  wsd,     ///< Level, then straight down to zero over the last third.
};

struct RunOptions {
  Shape shape;
  std::filesystem::path checkpoint;  ///< Folder of `last.safetensors` and `curve.csv`.
  bool resume = false;
  std::filesystem::path from;     ///< What a new run begins with (`begin_with`); may be empty.
  std::filesystem::path teacher;  ///< A model to be like as well (`Model::losses`); may be empty.
  double taught = 0.5;            ///< The share of its word in what is learned, in [0, 1].
  Change change;           ///< Of excerpts to train on; those of validation stay as they are.
  std::int64_t steps = 0;  ///< Ends after so many steps; 0: no bound.
  double minutes = 0;      ///< Ends after so long, the pauses between runs left out; 0: no bound.
  std::int64_t sequences = 8;  ///< Rows a step, over all replicas of this process.
  /// Steps a row; 0: the context, which an LSTM, unlike a transformer, can do with less than.
  std::int64_t length = 0;
  /// Copies of the model in this process, each with a thread of its own for its share of the rows.
  /// They meet once a step, which beats sharing every product between threads, by far where other
  /// programs want the cores too. On the CPU only; libtorch is to be set to one thread then.
  int replicas = 1;
  double learning_rate = 2e-3;
  std::int64_t warmup = 100;
  Schedule schedule = Schedule::cosine;
  std::uint64_t seed = 1;
  OptimizerOptions optimizer;
  at::ScalarType product = at::kBFloat16;
  at::Device device = at::kCPU;
  double checkpoint_minutes = 5;
  double validate_minutes = 2;
  std::int64_t report_steps = 20;
};

/// Learning rate as a share of the peak, at a step and a share of the whole run done.
double rate_at(Schedule schedule, std::int64_t step, std::int64_t warmup, double done);

/// Sums over one or many batches.
struct Score {
  std::vector<double> nats;  ///< By field.
  std::int64_t events = 0;
  std::int64_t notes = 0;

  double total() const;
  double per_event() const {
    return total() / static_cast<double>(std::max<std::int64_t>(events, 1));
  }
  double per_note() const {
    return total() / static_cast<double>(std::max<std::int64_t>(notes, 1));
  }
  void add(const Score& other);
};

/// One batch, learned from nothing.
Score score(Model& model, const Batch& batch);

/// Where a run's batches come from.
struct Lessons {
  std::function<Batch(std::int64_t rows, Random& random)> draw;
  std::string what;  ///< In a few words.
};

/// Trains until the options' bound or until `stop` says so, then saves. Ranks of a data-parallel
/// run (environment RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT) draw different batches and average
/// their gradients; rank 0 speaks and saves. `say` gets a line now and then.
///
/// Threads: runs libtorch's; `stop` is called between steps.
Status run(const RunOptions& options, const Lessons& train, const Lessons* validation,
           const std::function<bool()>& stop, const std::function<void(const std::string&)>& say);

/// The same on random excerpts, laid out as the shape asks.
Status run(const RunOptions& options, const Dataset& train, const Dataset* validation,
           const std::function<bool()>& stop, const std::function<void(const std::string&)>& say);

}  // namespace antiphon::train
