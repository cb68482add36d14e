// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/machine.h"

namespace antiphon::nn {

extern const Int8Kernels vnni_kernels;
extern const Bf16Kernels avx512_bf16_kernels;

MachineKernels machine_kernels() {
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  MachineKernels kernels;
  if (avx512 && __builtin_cpu_supports("avx512vnni")) kernels.int8 = &vnni_kernels;
  if (avx512 && __builtin_cpu_supports("avx512bf16")) kernels.bf16 = &avx512_bf16_kernels;
  return kernels;
}

}  // namespace antiphon::nn
