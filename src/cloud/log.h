// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::cloud {

/// Of a line in the log: names and values. Never what is played, nor secrets.
using LogFields = std::vector<std::pair<const char*, std::string>>;
/// Gets a line now and then: a word for what happened, and what to know of it.
///
/// Threads: any.
using Log = std::function<void(const char* event, const LogFields& fields)>;

}  // namespace antiphon::cloud
