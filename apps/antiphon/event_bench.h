// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace antiphon::app {

/// Times a model as it plays: an event is a step through the backbone and the logits of all its
/// fields, with the conditions between them; rows are random. Times `events` of them on one thread,
/// from an empty context to a full one over and over, and how long it takes to be told a whole
/// context. Errors: those of `load_model`.
Result<nlohmann::ordered_json> run_event_bench(const std::string& model, std::size_t events);

/// The result for people.
std::string event_bench_text(const nlohmann::ordered_json& result);

}  // namespace antiphon::app
