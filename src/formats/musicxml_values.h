// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "music/meter.h"

namespace antiphon::formats {

/// The words of a text with one space between them.
std::string one_line(std::string_view text);

/// The number that an element holds; nothing if it starts with anything else.
std::optional<double> number_of(const pugi::xml_node& element);

/// A count of fifths brought into [-7, 7] by enharmonic change.
int bounded_fifths(int fifths);

/// The length of a note value's name, such as "eighth", in quarters; zero if unknown.
double quarters_of_type(std::string_view type);

/// The meter of a `<time>`, with additive ones (3+2/8, or 3/8 + 2/4) summed on the smallest unit.
/// Nothing for senza misura and for what a `Meter` can't be.
std::optional<music::Meter> meter_of(const pugi::xml_node& time);

/// The numbers of an ending, "1, 2", as bits: n is bit n - 1. Those past 64 are left out.
std::uint64_t ending_numbers(std::string_view text);

}  // namespace antiphon::formats
