// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"

namespace antiphon::apps {

/// Draws the `curve.csv` of a training run: nats a note over the events seen, in `curve.png` beside
/// it.
/// Errors: no such file, or nothing in it that can be drawn.
Status draw_curve(const std::filesystem::path& folder);

/// Copies `curve.csv` from a run's folder to a model's, if there is one, and draws it there.
Status copy_curve(const std::filesystem::path& run, const std::filesystem::path& model);

}  // namespace antiphon::apps
