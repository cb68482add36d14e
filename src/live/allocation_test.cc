// SPDX-License-Identifier: Apache-2.0
// That the output thread allocates nothing: this program's operator new counts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

#include "live/output.h"

namespace {
thread_local int allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* const at = operator new(bytes, std::nothrow);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}
[[gnu::noinline]] void operator delete(void* at) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept { std::free(at); }

namespace antiphon::live {
namespace {

using namespace std::chrono_literals;

class Counter : public MessageSink {
 public:
  void send(const TimedMessage&) noexcept override {
    if (sent++ == 0) before = allocations;
    after = allocations;
  }
  int sent = 0, before = 0, after = 0;
};

TEST(AllocationGuard, Counts) {
  const int before = allocations;
  const std::vector<int> one(100);
  EXPECT_EQ(allocations, before + 1);
}

TEST(Output, AllocatesNothingWhileItSends) {
  Counter counter;
  auto output = Output::start(counter);
  ASSERT_TRUE(output);
  for (int i = 0; i < 2000; ++i) {
    const auto at = host_now() + (i % 7) * 1ms;
    const int pitch = i % 128;
    while (!(*output)->schedule(TimedMessage::note_on(at, i % 16, pitch, 80)))
      std::this_thread::yield();
  }
  while ((*output)->sent() < 2000) std::this_thread::yield();
  (*output)->stop();
  EXPECT_GT(counter.sent, 2000) << "what sounds is ended";
  EXPECT_EQ(counter.after, counter.before);
}

}  // namespace
}  // namespace antiphon::live
