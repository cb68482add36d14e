// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace antiphon::formats {

/// The General MIDI program, 0 to 127, that an instrument's name means, in English, German,
/// Italian, French or Latin, and with what else scores write there: "2 Flauti", "Bb Clarinet 1",
/// "Singstimme", "wind.reed.bassoon". Nothing if no word is known.
std::optional<int> program_of_name(std::string_view name);

}  // namespace antiphon::formats
