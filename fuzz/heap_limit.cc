// SPDX-License-Identifier: Apache-2.0
#include <sanitizer/allocator_interface.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "demands.h"

namespace antiphon {
namespace {

// Signed: what is freed may be older than the limit.
std::atomic<std::int64_t> held{0}, most_held{INT64_MAX};

void count(const volatile void*, std::size_t size) {
  if ((held += static_cast<std::int64_t>(size)) <= most_held) return;
  std::fprintf(stderr, "more than %lld bytes of heap are held\n",
               static_cast<long long>(most_held));
  std::abort();
}

void uncount(const volatile void* memory) {
  if (memory != nullptr) held -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(memory));
}

}  // namespace

HeapLimit::HeapLimit(std::size_t most) {
  static const bool installed = __sanitizer_install_malloc_and_free_hooks(count, uncount) != 0;
  demand(installed);
  held = 0;
  most_held = static_cast<std::int64_t>(most);
}

HeapLimit::~HeapLimit() { most_held = INT64_MAX; }

}  // namespace antiphon
