// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace antiphon::cloud {

/// Writes a new key (P-256, readable by its owner only) and a certificate that it signs itself, for
/// ten years, for these names and addresses. Both in PEM.
Status make_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                        const std::vector<std::string>& names);

}  // namespace antiphon::cloud
