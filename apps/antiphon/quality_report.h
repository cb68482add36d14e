// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "music/quality.h"

namespace antiphon::app {

using Json = nlohmann::ordered_json;

/// The measures as reports have them; docs/measures.md has the names.
Json to_json(const music::Quality& quality);
/// What couldn't be measured is null.
Json to_json(std::span<const std::optional<double>> values);
/// Distances that can't be taken are null.
Json to_json(const music::Distance& distance);

}  // namespace antiphon::app
