// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/quality_report.h"
#include "base/result.h"
#include "edge/jam.h"

namespace antiphon::app {

/// Who played what when, and when it was decided: what `jam --timeline` writes.
Json timeline_of(const edge::Jam& jam);

/// The same read back, of a jam of one tempo.
/// Errors: a text that isn't one.
Result<edge::Jam> parse_timeline(std::string_view text, music::Tempo tempo);

}  // namespace antiphon::app
