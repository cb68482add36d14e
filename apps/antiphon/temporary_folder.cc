// SPDX-License-Identifier: Apache-2.0
#include "antiphon/temporary_folder.h"

#include <cstdlib>
#include <string>
#include <system_error>

namespace antiphon::app {

namespace fs = std::filesystem;

Result<TemporaryFolder> TemporaryFolder::make() {
  std::string name = (fs::temp_directory_path() / "antiphon-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return Error{Errc::io, name + ": no folder could be made there"};
  return TemporaryFolder(name);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

}  // namespace antiphon::app
