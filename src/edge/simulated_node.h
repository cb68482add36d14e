// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "edge/jam.h"
#include "wire/messages.h"

namespace antiphon::edge {

/// A node and the link to it in simulated time.
class SimulatedEnd {
 public:
  using Take = std::function<void(const Drafted&)>;

  virtual ~SimulatedEnd() = default;
  /// When something happens next.
  virtual std::chrono::nanoseconds next() const = 0;
  /// Takes what a node is to be told, and empties it.
  virtual void tell(std::chrono::nanoseconds now, std::vector<Told>& told) = 0;
  /// Gives what has come by now.
  virtual void advance(std::chrono::nanoseconds now, const Take& take) = 0;

  virtual std::chrono::nanoseconds worked() const = 0;  ///< The node.

  std::uint64_t bytes_up() const { return bytes_up_; }
  std::uint64_t bytes_down() const { return bytes_down_; }
  const Leaving& left() const { return left_; }

 protected:
  std::uint64_t bytes_up_ = 0, bytes_down_ = 0;
  Leaving left_;
};

/// One that runs the middle layers of a model. Both ends are real, and so are the messages; the
/// device's share of the work takes `cost.step` and `cost.draw` an event, as if it ran all layers.
std::unique_ptr<SimulatedEnd> simulate_layers(const SimulatedNode& node, const JamSetup& setup,
                                              const SimulatedCost& cost);

}  // namespace antiphon::edge
