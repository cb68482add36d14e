// SPDX-License-Identifier: Apache-2.0
#include "nn/workers.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace antiphon::nn {
namespace {

// A few hundred microseconds of spinning, then the thread gives up its core.
constexpr int spins_before_sleep = 20000;
constexpr int spins_before_yield = 2000;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

Workers::Workers(std::size_t count) : count_(count == 0 ? 1 : count) {
  for (std::size_t i = 1; i < count_; ++i) threads_.emplace_back([this, i] { serve(i); });
}

Workers::~Workers() {
  stopping_.store(true, std::memory_order_relaxed);
  job_.fetch_add(1, std::memory_order_release);
  job_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::run_all(Call call, const void* context) {
  if (count_ == 1) return call(context, Member());
  call_ = call;
  context_ = context;
  job_.fetch_add(1, std::memory_order_release);
  job_.notify_all();
  call(context, Member(this, 0, count_));
  wait_for_all();
}

void Workers::serve(std::size_t index) {
  for (std::uint32_t done = 0;; ++done) {
    for (int spins = 0; job_.load(std::memory_order_acquire) == done; ++spins) {
      if (spins < spins_before_sleep) {
        pause();
      } else {
        job_.wait(done, std::memory_order_acquire);
      }
    }
    if (stopping_.load(std::memory_order_relaxed)) return;
    call_(context_, Member(this, index, count_));
    wait_for_all();
  }
}

void Workers::wait_for_all() {
  const std::uint32_t round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    return;
  }
  for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
    if (spins < spins_before_yield) {
      pause();
    } else {
      std::this_thread::yield();  // More threads than free cores.
    }
  }
}

}  // namespace antiphon::nn
