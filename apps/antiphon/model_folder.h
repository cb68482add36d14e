// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "nn/event_net.h"
#include "nn/groove.h"

namespace antiphon::app {

/// Where models are looked for, in this order: $ANTIPHON_MODELS, the tree that the program was
/// built in, /usr/share/antiphon/models.
std::vector<std::filesystem::path> model_roots();

/// The folder of a model: a path as it is, or a name in one of the roots.
/// Errors: says where it was looked for.
Result<std::filesystem::path> find_model(const std::string& name);

/// An event model and what a report says of it.
struct LoadedModel {
  std::string name;
  std::string sha256;  ///< Of weights.safetensors.
  nn::EventNet net;
};

/// Loads `config.json`, `vocabulary.json` and `weights.safetensors` of a model's folder.
Result<LoadedModel> load_model(const std::string& name);

/// A masked transformer that fills voice grids and what a report says of it.
struct LoadedInfill {
  std::string name;
  std::string sha256;  ///< Of weights.safetensors.
  std::shared_ptr<const nn::Transformer> transformer;
};

/// Loads the same files of an infill model's folder.
Result<LoadedInfill> load_infill_model(const std::string& name);

/// The model that answers where the other is late, as `name` has it: a model, `none`, or not said,
/// which is `reflex` where that is there.
Result<std::optional<LoadedModel>> load_reflex(const std::optional<std::string>& name);

/// A generator of drum patterns and what a report says of it.
struct LoadedGroove {
  std::string name;
  std::string sha256;  ///< Of weights.safetensors.
  std::shared_ptr<const nn::Groove> groove;
};

/// Loads `config.json` and `weights.safetensors` of a groove's folder.
Result<LoadedGroove> load_groove_model(const std::string& name);

}  // namespace antiphon::app
