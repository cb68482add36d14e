// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What the codes and words of **kern files stand for.
namespace antiphon::formats {

/// The program of an instrument code (*I) such as "violn", else of its group (*IC) such as "str".
std::optional<int> kern_program(std::string_view code, std::string_view group);

/// Whether it is played on two staves by one player.
bool is_kern_keyboard(std::string_view code, std::string_view group);

/// The velocity of a dynamic mark such as "mf".
std::optional<std::uint8_t> kern_velocity(std::string_view mark);

/// Quarters a minute, where nothing but words in lower case say how fast: the middle of what
/// metronomes print beside them.
std::optional<int> kern_tempo(std::string_view words);

}  // namespace antiphon::formats
