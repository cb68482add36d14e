// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <variant>

#include "nn/lstm_session.h"
#include "nn/session.h"

namespace antiphon::nn {

/// The weights of an event model of any architecture.
using EventNet = std::variant<std::shared_ptr<const Transformer>, std::shared_ptr<const Lstm>>;

/// That `config`, the text of a config.json, is a good one of an event model.
/// Errors: an unknown architecture; those of `TransformerConfig` and `LstmConfig`.
Status check_event_config(std::string_view config);

/// Loads the architecture that a config.json names.
/// Errors: those of its config and its weights.
Result<EventNet> load_event_net(std::string_view config, const SafeTensors& weights,
                                LoadOptions options = {});

/// Borrowed from the net.
const EventConfig& config_of(const EventNet& net);
const Kernels& kernels_of(const EventNet& net);

/// The sessions of a net: all have `feed`, `score`, `rewind`, `begin`, `logits` and `condition`.
inline Session session_of(std::shared_ptr<const Transformer> net) {
  return Session(std::move(net));
}
inline LstmSession session_of(std::shared_ptr<const Lstm> net) {
  return LstmSession(std::move(net));
}

}  // namespace antiphon::nn
