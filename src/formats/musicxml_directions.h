// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pugixml.hpp>

#include "formats/musicxml_loudness.h"
#include "formats/musicxml_part.h"

/// What stands between the notes of a part.
namespace antiphon::formats {

/// No bar is longer: 255 whole notes, what the widest meter holds.
inline constexpr double max_bar = 255.0 * 4 * music::Ticks::per_quarter;

/// Where the reader of a part stands.
struct Place {
  std::uint32_t bar;
  double cursor;     ///< Ticks from the start of the bar, not rounded.
  double divisions;  ///< Of a quarter, what the file counts in.
};

/// `<direction>`: dynamics, tempo, and the `<sound>` in it.
void read_direction(const pugi::xml_node& direction, const Place& place, ReadingContext& context,
                    Loudness& loudness);
/// `<sound>`: tempo, dynamics, jumps. It holds from `at` on, if it has no offset of its own.
void read_sound(const pugi::xml_node& sound, music::Ticks at, const Place& place,
                ReadingContext& context, Loudness& loudness);
/// `<harmony>`: a chord symbol.
void read_harmony(const pugi::xml_node& harmony, const Place& place, ReadingContext& context);
/// `<barline>`: repeats and endings.
void read_barline(const pugi::xml_node& barline, BarFlow& flow);

}  // namespace antiphon::formats
