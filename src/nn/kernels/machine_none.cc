// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/machine.h"

namespace antiphon::nn {

MachineKernels machine_kernels() { return {}; }

}  // namespace antiphon::nn
