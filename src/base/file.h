// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "base/bytes.h"

namespace antiphon {

/// The whole of a regular file.
/// Errors: says which file and why; one over `max_bytes` is refused before it is read.
Result<Bytes> read_file(const std::filesystem::path& path,
                        std::size_t max_bytes = std::size_t{1} << 31);

/// Who may read a file that is written.
enum class Readers { all, owner };

/// Writes a file whole or not at all: beside it under a temporary name, then renamed over it.
Status write_file(const std::filesystem::path& path, ByteView bytes,
                  Readers readers = Readers::all);
inline Status write_file(const std::filesystem::path& path, std::string_view text) {
  return write_file(path, as_bytes(text));
}

}  // namespace antiphon
