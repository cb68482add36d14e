// SPDX-License-Identifier: Apache-2.0
// That a step allocates nothing: this program's operator new counts.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "nn/groove.h"
#include "nn/small_models.h"

namespace {

std::atomic<int> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* at = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!at) throw std::bad_alloc();
  return at;
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* at) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t, std::align_val_t) noexcept {
  std::free(at);
}

namespace antiphon::nn {
namespace {

/// Allocations of all threads while it lives.
class AllocationGuard {
 public:
  int count() const { return allocations.load() - before_; }

 private:
  int before_ = allocations.load();
};

TEST(AllocationGuard, CountsPlainAndAlignedAllocations) {
  const AllocationGuard guard;
  EXPECT_EQ(guard.count(), 0);
  const std::vector<int> plain(100);
  EXPECT_EQ(guard.count(), 1);
  const AlignedVector<float> aligned(100);
  EXPECT_EQ(guard.count(), 2);
}

TEST(AllocationGuard, CountsThoseOfOtherThreads) {
  Workers workers(2);
  const AllocationGuard guard;
  workers.run([](Member member) {
    if (member.thread() == 1) const std::vector<int> elsewhere(100);
  });
  EXPECT_GE(guard.count(), 1);
}

class NoAllocation : public testing::TestWithParam<Type> {};
INSTANTIATE_TEST_SUITE_P(Types, NoAllocation, testing::Values(Type::f32, Type::bf16, Type::i8),
                         [](const auto& p) { return std::string(name_of(p.param)); });

// What sessions of all architectures do.
template <class Session>
void live(Session& session, const Steps& steps, std::span<float> z) {
  static constexpr std::array<std::uint16_t, 2> rows = {1, 2};
  session.feed(steps.all().first(40));
  session.score(steps.all().subspan(40, 10), z);
  session.rewind(45);
  session.feed(steps.all()[50]);
  session.begin();
  for (std::size_t k = 0; k < session.model().config().fields.size(); ++k) {
    session.logits(k);
    session.condition(rows);
  }
}

TEST_P(NoAllocation, InASessionsLife) {
  const auto model = *Transformer::random(small_config(), 1, {GetParam(), nullptr});
  const Steps steps(small_config(), 60, 1);
  std::vector<float> z(10 * small_config().dim);
  Workers workers(2);
  Session session(model, {.rows = 16, .workers = &workers});

  const AllocationGuard guard;
  live(session, steps, z);
  session.embed(steps.all().first(10), z);
  session.forward(steps.times().first(10), 0, 2, z);
  session.reset();
  EXPECT_EQ(guard.count(), 0);
}

TEST_P(NoAllocation, InTheLifeOfAnLstmsSession) {
  const auto model = *Lstm::random(small_lstm_config(), 1, {GetParam(), nullptr});
  const Steps steps(small_config(), 60, 1);
  std::vector<float> z(10 * small_config().dim);
  LstmSession session(model);

  const AllocationGuard guard;
  live(session, steps, z);
  session.reset();
  EXPECT_EQ(guard.count(), 0);
}

TEST_P(NoAllocation, InAGroove) {
  const GrooveConfig config{8, 3, 5, 50, 3, {"one", "other"}};
  const auto groove =
      *Groove::load(config, *SafeTensors::parse(random_weights(config, 1)), {GetParam(), nullptr});
  const std::vector<float> condition(config.condition(), 0.5F), hits(config.cells(), 1.0F);
  GrooveSession session(groove);

  const AllocationGuard guard;
  session.pattern(condition);
  session.touch(hits, condition);
  EXPECT_EQ(guard.count(), 0);
}

TEST_P(NoAllocation, InABatch) {
  const auto model = *Transformer::random(small_config(), 1, {GetParam(), nullptr});
  const Steps steps(small_config(), 3, 1);
  Workers workers(2);
  Batch batch(model, 3, &workers);
  Session a(model), b(model), c(model);
  const std::vector<Session*> sessions = {&a, &b, &c};

  const AllocationGuard guard;
  batch.step(sessions, steps.all());
  batch.logits(sessions, 1);
  EXPECT_EQ(guard.count(), 0);
}

}  // namespace
}  // namespace antiphon::nn
