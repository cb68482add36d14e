// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>

namespace antiphon::formats {

/// The text of a `<harmony>`: "Am7/G", "C7b9", "N.C."; empty if it names no root (a Roman numeral).
std::string chord_text(const pugi::xml_node& harmony);

/// The content of the `<harmony>` that `chord_text` reads as `text`.
std::string harmony_xml(std::string_view text);

/// `text` with the five characters that XML reserves written as entities, and without what XML 1.0
/// can't hold.
std::string xml_escaped(std::string_view text);

}  // namespace antiphon::formats
