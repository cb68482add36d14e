// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace antiphon::nn {

class Workers;

/// A half-open range of indices.
struct Share {
  std::size_t begin, end;
};

/// One of the threads that run the same function together, each on its share.
class Member {
 public:
  /// A team of one.
  Member() = default;
  Member(Workers* team, std::size_t thread, std::size_t count)
      : team_(team), thread_(thread), index_(thread), count_(count) {}

  /// Which of the threads this is, from 0.
  std::size_t thread() const { return thread_; }
  /// This thread as a team of one: its share is all, and it waits for no one.
  Member alone() const {
    Member self;
    self.thread_ = thread_;
    return self;
  }
  /// This member's part of `total` things.
  Share share(std::size_t total) const {
    return {total * index_ / count_, total * (index_ + 1) / count_};
  }
  /// Returns when all members are here. What they wrote before is visible after.
  void wait() const;

 private:
  Workers* team_ = nullptr;
  std::size_t thread_ = 0;
  std::size_t index_ = 0;
  std::size_t count_ = 1;
};

/// A fixed set of threads, the caller's among them, that run short functions together. While there
/// is work they spin, so that a step of tens of microseconds needs no system call; after a fraction
/// of a millisecond without any they sleep.
///
/// Threads: `run` from one thread at a time. Nothing allocates after construction.
class Workers {
 public:
  /// `count` threads in all, at least 1; 1 starts none.
  explicit Workers(std::size_t count);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::size_t count() const { return count_; }

  /// Calls `function(Member)` on every thread and returns when all calls have.
  template <class Function>
  void run(const Function& function) {
    run_all([](const void* context,
               Member member) { (*static_cast<const Function*>(context))(member); },
            &function);
  }

 private:
  friend class Member;
  using Call = void (*)(const void* context, Member member);

  void run_all(Call call, const void* context);
  void serve(std::size_t index);
  void wait_for_all();

  const std::size_t count_;
  Call call_ = nullptr;
  const void* context_ = nullptr;
  std::atomic<bool> stopping_{false};
  alignas(64) std::atomic<std::uint32_t> job_{0};      ///< Counts the calls of `run`.
  alignas(64) std::atomic<std::uint32_t> arrived_{0};  ///< At the barrier.
  alignas(64) std::atomic<std::uint32_t> round_{0};    ///< Counts the barriers passed.
  std::vector<std::thread> threads_;
};

inline void Member::wait() const {
  if (team_) team_->wait_for_all();
}

}  // namespace antiphon::nn
