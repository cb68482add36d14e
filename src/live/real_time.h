// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <sched.h>
#include <sys/types.h>

namespace antiphon::live {

/// Gives a thread the FIFO scheduler with a priority in [1, 99] (the most urgent has the highest),
/// or the ordinary one for 0. `thread` is what `gettid` says; 0: the caller. False where the system
/// doesn't grant it.
///
/// Real time: one system call. (`pthread_setschedparam` takes a lock of the thread's, which one
/// that lowers itself may hold while it waits for its turn.)
bool set_priority(pid_t thread, int priority) noexcept;

/// Gives the calling thread the FIFO scheduler for as long as it lives, where the system grants it;
/// else nothing changes.
///
/// Threads: made and destroyed on one thread, which must sleep between its tasks.
class RealTimeScope {
 public:
  /// `priority` in [1, 99]; the most urgent thread has the highest.
  explicit RealTimeScope(int priority);
  RealTimeScope(const RealTimeScope&) = delete;
  RealTimeScope& operator=(const RealTimeScope&) = delete;
  ~RealTimeScope();

  bool granted() const { return granted_; }

 private:
  int policy_before_ = 0;
  sched_param before_{};
  bool granted_ = false;
};

/// Keeps the memory that the program has used so far from being paged out for as long as it lives,
/// so that no frame waits for a disk; where the system doesn't grant that, nothing changes. What
/// was never touched takes no room because of it.
///
/// Threads: any; one at a time.
class MemoryScope {
 public:
  MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;
  ~MemoryScope();

  bool granted() const { return granted_; }

 private:
  bool granted_;
};

}  // namespace antiphon::live
