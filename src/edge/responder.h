// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "edge/messages.h"

namespace antiphon::edge {

/// Where a jam's answers come from: a model on a thread of this device, or a node.
///
/// Threads: both functions from the conductor's.
/// Real time: neither blocks.
class Responder {
 public:
  virtual ~Responder() = default;
  /// Takes what an improviser is to be told, and empties it.
  virtual void tell(std::vector<Told>& told) = 0;
  /// False if there is nothing new; `drafted` is then unchanged.
  virtual bool answer(Drafted& drafted) = 0;
};

}  // namespace antiphon::edge
