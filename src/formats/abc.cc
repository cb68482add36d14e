// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "formats/format.h"

namespace antiphon::formats {

Result<Reading> read_abc(ByteView, std::string_view name) {
  return Error{Errc::unsupported, std::string(name) + ": ABC is not read yet"};
}

std::vector<Result<Reading>> read_abc_tunes(ByteView bytes, std::string_view name) {
  return {read_abc(bytes, name)};
}

}  // namespace antiphon::formats
