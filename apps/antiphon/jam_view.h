// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/jam.h"

namespace antiphon::app {

/// One line on a terminal's standard error that tells how a jam goes: the beat, who answered, what
/// is played and what is heard. Ctrl-C ends the jam with the bar. Elsewhere than on a terminal it
/// shows nothing but a player who is gone or back.
edge::Watch watch_jam(const tokens::Header& header, const live::MidiInput& input);

}  // namespace antiphon::app
