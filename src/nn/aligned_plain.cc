// SPDX-License-Identifier: Apache-2.0
#include <new>

#include "nn/aligned.h"

namespace antiphon::nn {

void* allocate_aligned(std::size_t bytes) {
  return ::operator new (bytes, std::align_val_t{cache_line});
}

void free_aligned(void* at, std::size_t) { ::operator delete (at, std::align_val_t{cache_line}); }

}  // namespace antiphon::nn
