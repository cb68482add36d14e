// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "antiphon/model_folder.h"
#include "edge/jam.h"

namespace antiphon::app {

/// How a model is shared with a node by layers, as flags say it.
struct LayerOptions {
  std::string cut = "1";  ///< FIRST, or FIRST:LAST.
  double noise = 0;
};
void add_layer_flags(CLI::App& flags, LayerOptions& options);

/// `text` as the node's layers of a model of `layers`: FIRST[:LAST], the device runs those before
/// FIRST and, where LAST is said, those from LAST on.
Result<nn::Cut> parse_cut(const std::string& text, std::size_t layers);

/// `drafter`: a small model of this device.
/// Errors: a cut that there isn't, a model that isn't made of layers, no drafter.
Result<edge::SharedModel> share(const LoadedModel& model, const std::optional<LoadedModel>& drafter,
                                const LayerOptions& options);

}  // namespace antiphon::app
