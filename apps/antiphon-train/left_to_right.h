// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "generate/event_model.h"
#include "tokens/voice_grid.h"

namespace antiphon::apps {

/// What an event model plays in frames `first` to `last` of a window, given only the frames before
/// them: how an infiller's work looks without a future. All frames from `last` on are rests.
tokens::VoiceGrid left_to_right(generate::EventModel& model, const tokens::VoiceGrid& window,
                                std::size_t first, std::size_t last, double temperature,
                                std::uint64_t seed);

}  // namespace antiphon::apps
