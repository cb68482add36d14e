// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/choice.h"

#include <cstdlib>

namespace antiphon::nn {

std::vector<const Kernels*> available_kernels() { return {&scalar_kernels}; }

const Kernels& kernels() {
  static const Kernels& chosen = [&]() -> const Kernels& {
    const std::vector<const Kernels*> all = available_kernels();
    const char* wanted = std::getenv("ANTIPHON_KERNELS");
    for (const Kernels* candidate : all) {
      if (wanted && std::string_view(wanted) == candidate->name) return *candidate;
    }
    return *all.front();
  }();
  return chosen;
}

}  // namespace antiphon::nn
