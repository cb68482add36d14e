// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "music/quality.h"

namespace antiphon::app {

using Json = nlohmann::ordered_json;

/// The measures as reports have them; docs/measures.md has the names.
Json to_json(const music::Quality& quality);
/// Distances that can't be taken are null.
Json to_json(const music::Distance& distance);

}  // namespace antiphon::app
