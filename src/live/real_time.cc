// SPDX-License-Identifier: Apache-2.0
#include "live/real_time.h"

#include <sys/mman.h>

namespace antiphon::live {

bool set_priority(pid_t thread, int priority) noexcept {
  sched_param wanted{};
  wanted.sched_priority = priority;
  return sched_setscheduler(thread, priority > 0 ? SCHED_FIFO : SCHED_OTHER, &wanted) == 0;
}

RealTimeScope::RealTimeScope(int priority) {
  if (pthread_getschedparam(pthread_self(), &policy_before_, &before_) != 0) return;
  granted_ = set_priority(0, priority);
}

RealTimeScope::~RealTimeScope() {
  if (granted_) pthread_setschedparam(pthread_self(), policy_before_, &before_);
}

MemoryScope::MemoryScope() : granted_(mlockall(MCL_CURRENT | MCL_ONFAULT) == 0) {}

MemoryScope::~MemoryScope() {
  if (granted_) munlockall();
}

}  // namespace antiphon::live
