// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "live/clock.h"

namespace antiphon::live {

/// Joins the Link session of the network: a tempo, a beat and bars that its programs share, and
/// each may change. The music starts with a bar of theirs; where they share starting and stopping,
/// it stops and starts with them.
///
/// `tempo` is the session's if nobody else is there; bars have `quarters`. A part of the build that
/// is off by default. Errors: it is off.
Result<std::unique_ptr<Clock>> join_link(music::Tempo tempo, double quarters);

}  // namespace antiphon::live
