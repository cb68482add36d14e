// SPDX-License-Identifier: Apache-2.0
#include "live/crash_guard.h"

#include <poll.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace antiphon::live {
namespace {

constexpr std::array signals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
// A port passes on its last messages on a thread of its own.
constexpr int last_messages_ms = 50;

// What a handler of signals can reach is global.
std::atomic<Output*> guarded{nullptr};
std::array<struct sigaction, signals.size()> before;

void restore() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before[i], nullptr);
}

void on_crash(int signal) {
  restore();
  if (Output* const output = guarded.exchange(nullptr)) {
    output->end_now();
    poll(nullptr, 0, last_messages_ms);
  }
  raise(signal);
}

}  // namespace

CrashGuard::CrashGuard(Output& output) : output_(&output) {
  Output* none = nullptr;
  if (!guarded.compare_exchange_strong(none, output_)) return;
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_NODEFER;
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &before[i]);
}

CrashGuard::~CrashGuard() {
  Output* own = output_;
  if (guarded.compare_exchange_strong(own, nullptr)) restore();
}

}  // namespace antiphon::live
