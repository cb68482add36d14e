// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/kernels/kernels.h"
#include "nn/matrix.h"
#include "nn/workers.h"

namespace antiphon::nn {

/// What a machine needs at the least for work of a given size: the time to read its bytes, again
/// and again in one piece, and the time of its multiplications and additions at the rate of our
/// products on numbers in the first-level cache. All threads take part.
class MachineLimit {
 public:
  MachineLimit(const Kernels& kernels, Type type, std::size_t bytes, double operations,
               Workers& workers);

  /// Takes both times once more, `times` times. To be called in turn with what is held against
  /// them, so that the neighbours of a shared machine slow both alike.
  void measure(std::size_t times);

  /// Seconds, one for each measurement.
  const std::vector<double>& reading() const { return reading_; }
  const std::vector<double>& products() const { return products_; }

 private:
  double read_once();
  double multiply_once();

  const Kernels& kernels_;
  const std::size_t type_;
  const double operations_;
  Workers& workers_;
  AlignedVector<std::byte> memory_;
  Matrix matrix_;
  AlignedVector<std::byte> operands_;
  std::vector<AlignedVector<float>> results_;  ///< Of each thread.
  std::vector<double> reading_, products_;
};

}  // namespace antiphon::nn
