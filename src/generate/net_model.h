// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "generate/event_model.h"
#include "nn/event_net.h"

namespace antiphon::generate {

/// Loads an event model of any architecture from the three files of its folder, and checks that
/// they fit each other and this program's vocabulary. `weights` is borrowed for as long as `owner`
/// lives. Errors: which file, and what was expected.
Result<nn::EventNet> load_event_net(std::string_view config, std::string_view vocabulary,
                                    ByteView weights, std::shared_ptr<const void> owner,
                                    nn::Type type);

/// A net with a session of its own.
///
/// Threads: one. The net is shared and immutable.
std::unique_ptr<EventModel> make_event_model(const nn::EventNet& net);

}  // namespace antiphon::generate
