// SPDX-License-Identifier: Apache-2.0
#include "live/real_time.h"

namespace antiphon::live {

RealTimeScope::RealTimeScope(int priority) {
  if (pthread_getschedparam(pthread_self(), &policy_before_, &before_) != 0) return;
  sched_param wanted{};
  wanted.sched_priority = priority;
  granted_ = pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted) == 0;
}

RealTimeScope::~RealTimeScope() {
  if (granted_) pthread_setschedparam(pthread_self(), policy_before_, &before_);
}

}  // namespace antiphon::live
