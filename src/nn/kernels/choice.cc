// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/choice.h"

#include <cstdlib>
#include <deque>

#include "nn/kernels/machine.h"
#include "nn/kernels/vector.h"

namespace antiphon::nn {
namespace {

/// Puts the machine's own products in the place of Highway's.
Kernels with_machine_kernels(Kernels table, const MachineKernels& machine) {
  if (machine.int8) {
    table.name = machine.bf16 ? "AVX512_VNNI_BF16" : "AVX512_VNNI";
    constexpr auto i = static_cast<std::size_t>(Type::i8);
    table.prepare[i] = machine.int8->prepare;
    table.multiply[i] = machine.int8->multiply;
    table.store[i] = machine.int8->store;
    table.attend[i] = machine.int8->attend;
    table.weight_steps = machine.int8->weight_steps;
  }
  if (machine.bf16) {
    constexpr auto i = static_cast<std::size_t>(Type::bf16);
    table.prepare[i] = machine.bf16->prepare;
    table.multiply[i] = machine.bf16->multiply;
  }
  return table;
}

std::deque<Kernels> make_tables() {
  std::deque<Kernels> tables;
  for (const Kernels& table : vector_kernels()) tables.push_back(table);
  const MachineKernels machine = machine_kernels();
  if (machine.int8 && !tables.empty()) {
    tables.push_front(with_machine_kernels(tables.front(), machine));
  }
  return tables;
}

}  // namespace

std::vector<const Kernels*> available_kernels() {
  static const std::deque<Kernels> tables = make_tables();
  std::vector<const Kernels*> all;
  for (const Kernels& table : tables) all.push_back(&table);
  all.push_back(&scalar_kernels);
  return all;
}

const Kernels& kernels() {
  static const Kernels& chosen = []() -> const Kernels& {
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
