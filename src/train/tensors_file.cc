// SPDX-License-Identifier: Apache-2.0
#include "train/tensors_file.h"

#include <utility>

#include "base/file.h"

namespace antiphon::train {

Result<nn::SafeTensors> read_tensors(const std::filesystem::path& path) {
  ANTIPHON_TRY(Bytes bytes, read_file(path));
  auto tensors = nn::SafeTensors::parse(std::move(bytes));
  if (!tensors) return Error{tensors.error().code, path.string() + ": " + tensors.error().message};
  return tensors;
}

Result<std::string> metadata(const nn::SafeTensors& tensors, const std::filesystem::path& path,
                             const std::string& key) {
  const auto found = tensors.metadata().find(key);
  if (found == tensors.metadata().end()) {
    return Error{Errc::invalid_input,
                 path.string() + ": not a checkpoint, its metadata has no `" + key + "`"};
  }
  return found->second;
}

}  // namespace antiphon::train
