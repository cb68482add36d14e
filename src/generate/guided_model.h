// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "generate/event_model.h"

namespace antiphon::generate {

/// A model that keeps to the style it is told more than it learned to (classifier-free guidance; Ho
/// and Salimans 2022). Of two contexts of it the second isn't told the style, and what that holds
/// for likely too counts for less: log p + strength (log p - log p untold), of each choice.
/// Strength 0 is the model itself. Costs twice the work and memory.
std::unique_ptr<EventModel> guide_style(std::unique_ptr<EventModel> told,
                                        std::unique_ptr<EventModel> untold, float strength);

}  // namespace antiphon::generate
