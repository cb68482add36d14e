// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace antiphon::formats {

/// Time while a **kern file is read: fine enough for tuplets of 3, 5, 7, 9, 11 and 13 to be exact.
inline constexpr std::int64_t kern_units_per_quarter = std::int64_t{960} * 3 * 7 * 11 * 13;

/// One note or rest of a **kern token.
struct KernNote {
  std::int64_t duration = 0;  ///< Units; 0 for grace notes.
  int pitch = -1;             ///< MIDI; -1 for a rest.
  bool grace = false;
  bool tie_starts = false;   ///< [
  bool tie_goes_on = false;  ///< _
  bool tie_ends = false;     ///< ]
};

/// Reads one subtoken, such as "[4.ee-". A chord's later notes may leave out the duration, which
/// then is `default_duration`. Nothing if it is neither a note nor a rest.
std::optional<KernNote> parse_kern_note(std::string_view token, std::int64_t default_duration);

/// Duration of a reciprocal value such as "4.", "0", "3%2" at the start of `text`; nothing if there
/// is none.
std::optional<std::int64_t> parse_kern_duration(std::string_view text);

}  // namespace antiphon::formats
