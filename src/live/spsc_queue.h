// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace antiphon::live {

/// Hands values from one thread to one other, in order.
///
/// A full queue refuses the newest value and leaves the choice to the producer, so that neither
/// side ever waits.
///
/// Threads: `push` from the producer only, `pop` from the consumer only.
/// Real time: both are wait-free and touch no heap; the constructor allocates.
template <class T>
class SpscQueue {
  static_assert(std::is_trivially_copyable_v<T>, "what goes between threads owns nothing");

 public:
  /// Room for at least `capacity` values, rounded up to a power of two.
  explicit SpscQueue(std::size_t capacity)
      : mask_(std::bit_ceil(capacity) - 1), slots_(std::make_unique<T[]>(mask_ + 1)) {}

  /// False if the queue is full; `value` is then not queued.
  bool push(const T& value) noexcept {
    const auto write = write_.load(std::memory_order_relaxed);
    // Pairs with the release in `pop`: a slot is read out before it is written again.
    if (write - read_.load(std::memory_order_acquire) > mask_) return false;
    slots_[write & mask_] = value;
    write_.store(write + 1, std::memory_order_release);
    return true;
  }

  /// False if the queue is empty; `value` is then unchanged.
  bool pop(T& value) noexcept {
    const auto read = read_.load(std::memory_order_relaxed);
    // Pairs with the release in `push`: a slot is read once it is written.
    if (read == write_.load(std::memory_order_acquire)) return false;
    value = slots_[read & mask_];
    read_.store(read + 1, std::memory_order_release);
    return true;
  }

 private:
  // The indices only grow, so full and empty differ without a spare slot. Each has a cache line to
  // itself, because each is written by its own thread.
  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(64) std::atomic<std::size_t> write_{0};
  alignas(64) std::atomic<std::size_t> read_{0};
};

}  // namespace antiphon::live
