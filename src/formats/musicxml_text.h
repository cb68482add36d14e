// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace antiphon::formats {

/// The XML text of a MusicXML file, as UTF-8: unpacked if it is zipped (.mxl), and converted from
/// UTF-16 or Latin-1. Text that claims to be UTF-8 and isn't is taken for Latin-1, which `dropped`
/// then tells.
/// Errors: not a score's package, or one that unpacks to more than 64 times its size and 1 MiB.
Result<std::string> musicxml_text(ByteView bytes, std::string_view name,
                                  std::vector<std::string>& dropped);

}  // namespace antiphon::formats
