// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace antiphon::app {

/// A program that runs beside this one and doesn't outlive it: its owner ends it, and if this
/// program is killed the system does.
///
/// Threads: that of `start`, as long as there is the process.
class Process {
 public:
  /// Runs `words`, of which the first is a path or a name on PATH. What it says on standard error
  /// goes to `log`, and on standard output, too; `ends`, if there is one, is its standard input and
  /// output.
  static Result<Process> start(const std::vector<std::string>& words,
                               const std::filesystem::path& log, Descriptor ends = {});
  Process(Process&& other) noexcept
      : number_(std::exchange(other.number_, -1)), log_(std::move(other.log_)) {}
  Process& operator=(Process&&) = delete;
  ~Process();

  /// Its exit status, or 128 and the signal that ended it; none as long as it runs.
  std::optional<int> status();
  /// Asks it to end, and waits for that as long as it may take; then it has to.
  int stop(std::chrono::milliseconds patience = std::chrono::seconds(3));
  /// Processor time of all its threads so far.
  double cpu_seconds() const;
  /// The last line of its log: what it says of why it failed.
  std::string last_words() const;

 private:
  Process(pid_t number, std::filesystem::path log) : number_(number), log_(std::move(log)) {}

  pid_t number_;  // -1: it has ended.
  std::optional<int> status_;
  std::filesystem::path log_;
};

/// Runs a program to its end. Errors: the last line that it says, if it fails.
Status run(const std::vector<std::string>& words, const std::filesystem::path& log);

/// What this program has taken so far: processor time of all its threads, memory.
double cpu_seconds();
double resident_mib();

/// The path of this program.
std::filesystem::path this_program();

}  // namespace antiphon::app
