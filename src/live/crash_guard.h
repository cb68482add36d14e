// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "live/output.h"

namespace antiphon::live {

/// While it lives, a crash of this program ends the notes that sound before it kills the program:
/// the thread that crashed waits for the output's, which still runs.
///
/// Of guards that live together, the first is the one that guards.
class CrashGuard {
 public:
  /// `output` is borrowed.
  explicit CrashGuard(Output& output);
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;
  ~CrashGuard();

 private:
  Output* output_;
};

}  // namespace antiphon::live
