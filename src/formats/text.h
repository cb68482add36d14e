// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace antiphon::formats {

/// No piece lasts longer, in quarters; a file that says so is refused. It bounds what silence
/// costs.
inline constexpr std::int64_t latest_quarter = std::int64_t{1} << 22;

/// Whether every byte belongs to a well-formed UTF-8 sequence (by its structure).
bool is_utf8(std::string_view text);

/// Latin-1 as UTF-8.
std::string from_latin1(std::string_view text);

/// `text` as it is if it is UTF-8, else taken for Latin-1 and converted.
std::string to_utf8(std::string_view text);

}  // namespace antiphon::formats
