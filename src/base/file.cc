// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace antiphon {

namespace fs = std::filesystem;

Result<Bytes> read_file(const fs::path& path, std::size_t max_bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return Error{Errc::not_found, path.string() + ": no such file"};
  if (!fs::is_regular_file(status)) return Error{Errc::io, path.string() + ": not a regular file"};
  const auto size = fs::file_size(path, error);
  if (error) return Error{Errc::io, path.string() + ": " + error.message()};
  if (size > max_bytes) {
    return Error{Errc::invalid_input, path.string() + ": " + std::to_string(size) +
                                          " bytes, at most " + std::to_string(max_bytes) +
                                          " are read"};
  }
  std::ifstream in(path, std::ios::binary);
  Bytes bytes(size);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    return Error{Errc::io, path.string() + ": can't be read: " + std::strerror(errno)};
  }
  return bytes;
}

Status write_file(const fs::path& path, ByteView bytes, Readers readers) {
  const fs::path aside = path.string() + ".part" + std::to_string(::getpid());
  {
    // A secret is nobody else's to read at any time: its file has its mode before its content.
    if (readers == Readers::owner) {
      std::error_code ignored;
      fs::remove(aside, ignored);
      const int made = ::open(aside.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
      if (made >= 0) ::close(made);
    }
    std::ofstream out(aside, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) {
      const std::string why = std::strerror(errno);
      std::error_code ignored;
      fs::remove(aside, ignored);
      return Error{Errc::io, path.string() + ": can't be written: " + why};
    }
  }
  std::error_code error;
  fs::rename(aside, path, error);
  if (error) {
    std::error_code ignored;
    fs::remove(aside, ignored);
    return Error{Errc::io, path.string() + ": can't be written: " + error.message()};
  }
  return Done{};
}

}  // namespace antiphon
