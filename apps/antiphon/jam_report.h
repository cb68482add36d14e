// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/quality_report.h"
#include "edge/measures.h"

namespace antiphon::app {

/// As reports call it.
const char* name_of(edge::Tier tier);

Json to_json(const edge::Spread& spread);
/// How a jam was kept in time, without the output's errors; docs/live.md has the names.
Json to_json(const edge::JamMeasures& measures);

}  // namespace antiphon::app
