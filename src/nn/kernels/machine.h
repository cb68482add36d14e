// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/kernels/kernels.h"

namespace antiphon::nn {

/// Kernels in the instructions of one kind of machine, where Highway has none for them. Null where
/// this machine, or the one that the program is built for, doesn't have those instructions.
struct MachineKernels {
  const Int8Kernels* int8 = nullptr;
  const Bf16Kernels* bf16 = nullptr;
};

MachineKernels machine_kernels();

}  // namespace antiphon::nn
