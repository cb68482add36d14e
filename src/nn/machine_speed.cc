// SPDX-License-Identifier: Apache-2.0
#include "nn/machine_speed.h"

#include <atomic>
#include <chrono>

namespace antiphon::nn {
namespace {

// 8 KiB of weights, and as many rows as any kernel takes at a time, twice.
constexpr std::size_t product_bytes = 8192, product_rows = 24;
constexpr int product_repeats = 500;

/// Seconds that the workers take for `work(member)`.
template <class Work>
double seconds_of(Workers& workers, const Work& work) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  workers.run(work);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

MachineLimit::MachineLimit(const Kernels& kernels, Type type, std::size_t bytes, double operations,
                           Workers& workers)
    : kernels_(kernels),
      type_(static_cast<std::size_t>(type)),
      operations_(operations),
      workers_(workers),
      memory_(round_up(bytes, cache_line), std::byte{1}),
      matrix_(type, tile_outputs, product_bytes / tile_outputs / size_of(type)),
      operands_(product_rows * matrix_.operand_bytes()),
      results_(workers.count(), AlignedVector<float>(product_rows * tile_outputs)) {
  const std::size_t inputs = matrix_.packed().inputs;
  const AlignedVector<float> x(inputs, 1.0f);
  for (std::size_t r = 0; r < product_rows; ++r) {
    kernels.prepare[type_](x.data(), inputs, inputs,
                           operands_.data() + r * matrix_.operand_bytes());
  }
}

void MachineLimit::measure(std::size_t times) {
  read_once();  // What ran before has taken the memory's place in the caches.
  // One after the other, as steps are: what rests, a neighbour drives out of a shared cache.
  for (std::size_t i = 0; i < times; ++i) reading_.push_back(read_once());
  for (std::size_t i = 0; i < times; ++i) products_.push_back(multiply_once());
}

double MachineLimit::read_once() {
  const std::size_t lines = memory_.size() / cache_line;
  std::atomic<std::uint64_t> sink{0};  // So that the reading is not left out.
  return seconds_of(workers_, [&](Member member) {
    const Share own = member.share(lines);
    sink +=
        kernels_.read(memory_.data() + own.begin * cache_line, (own.end - own.begin) * cache_line);
  });
}

double MachineLimit::multiply_once() {
  const std::size_t stride = matrix_.operand_bytes();
  const double seconds = seconds_of(workers_, [&](Member member) {
    for (int i = 0; i < product_repeats; ++i) {
      kernels_.multiply[type_](matrix_.packed(), 0, 1, operands_.data(), stride, product_rows,
                               results_[member.thread()].data(), tile_outputs, false);
    }
  });
  const double done = 2.0 * static_cast<double>(tile_outputs * matrix_.inputs() * product_rows) *
                      product_repeats * static_cast<double>(workers_.count());
  return seconds * operations_ / done;
}

}  // namespace antiphon::nn
