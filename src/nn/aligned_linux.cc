// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>

#include <new>

#include "nn/aligned.h"

namespace antiphon::nn {
namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;

std::align_val_t alignment_of(std::size_t bytes) {
  return std::align_val_t{bytes >= large_page ? large_page : cache_line};
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  if (bytes < large_page) return ::operator new(bytes, alignment_of(bytes));
  // Whole pages, so that the end too lies in a large one.
  const std::size_t whole = round_up(bytes, large_page);
  void* at = ::operator new(whole, alignment_of(bytes));
  // Only wishes: without large pages all works the same. Small ones, where the memory has been used
  // before, would stay.
  ::madvise(at, whole, MADV_DONTNEED);
  ::madvise(at, whole, MADV_HUGEPAGE);
  return at;
}

void free_aligned(void* at, std::size_t bytes) { ::operator delete(at, alignment_of(bytes)); }

}  // namespace antiphon::nn
