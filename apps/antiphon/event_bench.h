// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace antiphon::app {

/// Times a model as it plays: an event is a step through the backbone and the logits of all its
/// fields, with the conditions between them; rows are random. Times `events` of them on one thread,
/// from an empty context to a full one over and over, and how long it takes to be told a whole
/// context. With a `batch` of more than one, also that many players at once, step by step, each in
/// its own context, once from empty to full. Errors: those of `load_model`; a batch of a model that
/// has none.
Result<nlohmann::ordered_json> run_event_bench(const std::string& model, std::size_t events,
                                               std::size_t batch);

/// The result for people.
std::string event_bench_text(const nlohmann::ordered_json& result);

}  // namespace antiphon::app
