// SPDX-License-Identifier: Apache-2.0
#include "nn/machine_speed.h"

#include <algorithm>
#include <chrono>

#include "nn/matrix.h"

namespace antiphon::nn {
namespace {

/// Seconds that the workers take for `work(member)`, the shortest of `passes`.
template <class Work>
double shortest(Workers& workers, int passes, const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  for (int pass = 0; pass < passes; ++pass) {
    const auto start = Clock::now();
    workers.run(work);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

}  // namespace

double reading_rate(const Kernels& kernels, std::size_t bytes, Workers& workers) {
  const std::size_t lines = std::max<std::size_t>(bytes / cache_line, 4 * workers.count());
  const AlignedVector<std::byte> memory(lines * cache_line, std::byte{1});
  std::atomic<std::uint64_t> sink{0};  // So that the reading is not left out.
  // About a quarter of a second at 20 GB/s, and twice at the least.
  const int passes = static_cast<int>(std::clamp<double>(5e9 / static_cast<double>(bytes), 2, 400));
  const double seconds = shortest(workers, passes, [&](Member member) {
    const Share own = member.share(lines);
    sink +=
        kernels.read(memory.data() + own.begin * cache_line, (own.end - own.begin) * cache_line);
  });
  return static_cast<double>(lines * cache_line) / seconds;
}

double product_rate(const Kernels& kernels, Type type, Workers& workers) {
  // 8 KiB of weights, and as many rows as any kernel takes at a time, twice.
  const std::size_t inputs = 128 / size_of(type), rows = 24;
  constexpr int repeats = 2000;
  const Matrix matrix(type, tile_outputs, inputs);
  const std::size_t stride = matrix.operand_bytes();
  const auto t = static_cast<std::size_t>(type);
  const AlignedVector<float> x(inputs, 1.0f);
  AlignedVector<std::byte> operands(rows * stride);
  for (std::size_t r = 0; r < rows; ++r) {
    kernels.prepare[t](x.data(), inputs, inputs, operands.data() + r * stride);
  }
  std::vector<AlignedVector<float>> y(workers.count(), AlignedVector<float>(rows * tile_outputs));
  const double seconds = shortest(workers, 10, [&](Member member) {
    for (int i = 0; i < repeats; ++i) {
      kernels.multiply[t](matrix.packed(), 0, 1, operands.data(), stride, rows,
                          y[member.thread()].data(), tile_outputs, false);
    }
  });
  const double products = static_cast<double>(tile_outputs * inputs * rows) * repeats;
  return 2.0 * products * static_cast<double>(workers.count()) / seconds;
}

}  // namespace antiphon::nn
