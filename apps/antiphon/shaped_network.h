// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/emulated_link.h"

namespace antiphon::app {

/// Two hosts in one: network namespaces of Linux, and a line between them that its kernel shapes
/// (`tc netem`). Both are gone with their owner.
class ShapedNetwork {
 public:
  enum class Host { node, player };

  /// Errors: no rights to do that, no `ip` and `tc`, a kernel without netem.
  static Result<std::unique_ptr<ShapedNetwork>> make(const std::filesystem::path& log);
  ~ShapedNetwork();

  /// From now on it is like this; `out`: nothing gets through.
  Status shape(const edge::NetworkProfile& profile, bool out = false);
  /// The node's.
  static constexpr const char* address = "10.203.0.1";
  /// `words`, as a command that runs on that host.
  std::vector<std::string> on(Host host, const std::vector<std::string>& words) const;

 private:
  explicit ShapedNetwork(std::filesystem::path log);
  Status build();

  std::filesystem::path log_;
  std::string node_, player_;  // Names of the namespaces.
};

}  // namespace antiphon::app
