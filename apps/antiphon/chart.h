// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "base/result.h"
#include "generate/guide.h"
#include "tokens/stream.h"

namespace antiphon::app {

/// Chords of bars as text: bars between '|', chords that share a bar evenly between spaces, '%' for
/// the bar before once more, '#' begins a comment. Each from its bar of `meters` on, over and over
/// until the step `end`.
/// Errors: the bar, and what isn't a chord; no bars at all.
Result<generate::Chart> parse_chart(std::string_view text,
                                    std::span<const tokens::GridChange<music::Meter>> meters,
                                    std::int32_t end);

/// The same from a file, or the chord symbols of a score (ABC, MusicXML), where they stand.
/// Errors: starts with the file's name.
Result<generate::Chart> read_chart(const std::filesystem::path& path,
                                   std::span<const tokens::GridChange<music::Meter>> meters,
                                   std::int32_t end);

/// Of the notes that AI parts begin, the share that is of the chord of its time; none counts where
/// there is no chord.
double in_chord_ratio(const generate::Chart& chart,
                      std::span<const std::pair<std::int32_t, int>> notes);

}  // namespace antiphon::app
