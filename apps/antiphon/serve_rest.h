// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "antiphon/model_folder.h"
#include "cloud/rest.h"

namespace antiphon::app {

/// What a node with this model offers beside playing live.
Result<cloud::RestOptions> rest_options(const std::string& model, const LoadedModel& loaded);

}  // namespace antiphon::app
