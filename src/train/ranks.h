// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "train/parameters.h"

namespace antiphon::train {

/// The processes that train one model together, each on its own batches.
///
/// Threads: one. Every rank makes the same calls in the same order, and each call waits for all.
class Ranks {
 public:
  virtual ~Ranks() = default;

  /// By the environment that `torchrun` sets, too: WORLD_SIZE, RANK, MASTER_ADDR, MASTER_PORT; one
  /// rank where WORLD_SIZE isn't set or is 1.
  /// Errors: half of it is set, or the others can't be reached.
  static Result<std::shared_ptr<Ranks>> from_environment();

  /// Rank `rank` of `count`, who meet at rank 0's address.
  /// Errors: the others can't be reached, or this build has no Gloo.
  static Result<std::shared_ptr<Ranks>> connect(const std::string& address, std::uint16_t port,
                                                int rank, int count);

  virtual int rank() const = 0;
  virtual int count() const = 0;
  bool leads() const { return rank() == 0; }

  virtual double sum(double value) = 0;
  virtual double largest(double value) = 0;
  /// Replaces each rank's gradients by the sum over all ranks.
  virtual void add_up(Parameters& parameters) = 0;
};

}  // namespace antiphon::train
