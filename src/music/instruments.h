// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace antiphon::music {

/// The lowest and highest pitch that an instrument plays in ordinary scores, both included.
struct PitchRange {
  std::uint8_t low = 21;
  std::uint8_t high = 108;
  bool holds(int pitch) const { return pitch >= low && pitch <= high; }
};

/// Name of a General MIDI program in [0, 128), as the General MIDI Level 1 list has it.
std::string_view program_name(int program);

/// Sounding range of a General MIDI program in [0, 128).
PitchRange range_of(int program);

/// The keys of a General MIDI drum kit.
inline constexpr PitchRange drum_keys{27, 87};

/// The program of a General MIDI name or of its everyday short form ("piano", "bass", "strings"),
/// in any case; nothing for other names.
std::optional<int> program_named(std::string_view name);

}  // namespace antiphon::music
