// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace antiphon::formats {

/// `text` as it is if it is UTF-8, else taken for Latin-1 and converted.
std::string to_utf8(std::string_view text);

}  // namespace antiphon::formats
