// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/aligned.h"
#include "nn/kernels/kernels.h"
#include "nn/matrix.h"
#include "nn/safetensors.h"
#include "nn/type.h"

namespace antiphon::nn {

struct LoadOptions {
  /// What the matrices are turned into; by default each stays what the file has.
  std::optional<Type> type;
  const Kernels* kernels = nullptr;  ///< Default: the machine's best.
};

/// Reads tensors of a weights file, in whatever type it has them, for a model that is being loaded.
/// Errors: a tensor that is missing, of another shape than asked for, or has a value that is no
/// finite number.
class Loader {
 public:
  /// Matrices are turned into `wanted`; by default each stays what the file has.
  Loader(const SafeTensors& file, std::optional<Type> wanted) : file_(file), wanted_(wanted) {}

  Result<AlignedVector<float>> vector(const std::string& name, std::size_t size);
  /// The matrices of these names and output counts, one below the other. int8 ones have their
  /// scales in NAME.scale.
  Result<Matrix> matrix(const std::vector<std::pair<std::string, std::size_t>>& parts,
                        std::size_t inputs);
  Result<Table> table(const std::string& name, std::size_t rows, std::size_t dim);

 private:
  /// Copies the rows of a tensor to the rows of a Matrix or Table from `first` on.
  template <class Target>
  Status copy_rows(const std::string& name, std::size_t rows, std::size_t columns, Type type,
                   Target& target, std::size_t first);

  const SafeTensors& file_;
  std::optional<Type> wanted_;
};

}  // namespace antiphon::nn
