// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "wire/messages.h"

namespace antiphon::edge {

/// What left the device for a node.
struct Leaving {
  std::uint64_t events = 0;  ///< Notes, in whole or in part.
  std::uint64_t rows = 0;    ///< Of activations.

  void count(const wire::Up& message) {
    if (const auto* tell = std::get_if<wire::Tell>(&message)) events += tell->events.size();
    if (const auto* steps = std::get_if<wire::Steps>(&message)) rows += steps->steps.rows.rows();
  }
};

}  // namespace antiphon::edge
