// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "antiphon/quality_report.h"
#include "base/result.h"
#include "edge/jam.h"

namespace antiphon::app {

/// What players are, and where they find their node.
struct LoadPlayersOptions {
  edge::JamSetup setup;
  std::string model = "none";  ///< On each player's device.
  std::filesystem::path certificate;
};

/// What became of players.
struct LoadFigures {
  double frames = 0;
  double fresh = 0,
         answered = 0;            ///< Of these: made by the node for the frame; by any draft of it.
  std::vector<double> answer_ms;  ///< From a question to its frame being fixed, of the fresh ones.
  std::vector<double> own_delay_ms;        ///< Of players: how late they did what was due.
  double cpu_seconds = 0, memory_mib = 0;  ///< Of the process.

  void add(const LoadFigures& other);
};

/// Players on a node of this machine, in a process of their own. The process ends with its owner.
///
/// Threads: that of `start`.
class LoadPlayers {
 public:
  /// Makes the process, a copy of this one, which must not have another thread yet.
  static Result<LoadPlayers> start(const LoadPlayersOptions& options);
  LoadPlayers(LoadPlayers&& other) noexcept;
  LoadPlayers& operator=(LoadPlayers&&) = delete;
  ~LoadPlayers();

  /// Lets players number `first` and after it join the node at a port. Errors: those of `joined`.
  void join(std::uint16_t port, std::size_t first, std::size_t count);
  /// Waits until they have. Errors: what went wrong with the first for whom something did.
  Status joined();
  /// Lets them play from then on, host time.
  void play(std::chrono::nanoseconds begin);
  /// Waits until they have played and left. Errors: stopped by Ctrl-C.
  Result<LoadFigures> played();

 private:
  struct Closes {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closes>;

  LoadPlayers(pid_t process, File said, File told)
      : process_(process), said_(std::move(said)), told_(std::move(told)) {}
  Result<Json> heard();

  pid_t process_;
  File said_, told_;
};

}  // namespace antiphon::app
