// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "live/crash_guard.h"
#include "live/midi_ports.h"
#include "live/output.h"
#include "live/quantizer.h"
#include "live/real_time.h"
#include "live/spsc_queue.h"
#include "live/timeline.h"

namespace antiphon::live {
namespace {

using music::Tempo;
using music::Ticks;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(SpscQueue, KeepsOrderBetweenThreads) {
  SpscQueue<int> queue(8);
  constexpr int count = 20000;
  std::thread producer([&] {
    for (int i = 0; i < count;) {
      if (queue.push(i)) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  int next = 0;
  while (next < count) {
    int value = -1;
    if (!queue.pop(value)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(value, next);
    ++next;
  }
  producer.join();
}

TEST(SpscQueue, RefusesWhatDoesNotFit) {
  SpscQueue<int> queue(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_FALSE(queue.push(4));
  int value = -1;
  EXPECT_TRUE(queue.pop(value));
  EXPECT_EQ(value, 0);
  EXPECT_TRUE(queue.push(5));
}

TEST(Timeline, FollowsChangesOfTempo) {
  Timeline timeline(1s, *Tempo::of(120));
  timeline.set_tempo(Ticks::quarters(4), *Tempo::of(60));
  EXPECT_EQ(timeline.time_of(Ticks::quarters(2)), 2s);
  EXPECT_EQ(timeline.time_of(Ticks::quarters(6)), 5s);
  EXPECT_DOUBLE_EQ(timeline.ticks_at(5s), 6 * 960);
  EXPECT_DOUBLE_EQ(timeline.ticks_at(500ms), -960);
}

TEST(Timeline, ANewTempoForgetsWhatWasSaidOfLaterTicks) {
  Timeline timeline(0s, *Tempo::of(120));
  timeline.set_tempo(Ticks::quarters(8), *Tempo::of(30));
  timeline.set_tempo(Ticks::quarters(4), *Tempo::of(240));
  EXPECT_EQ(timeline.time_of(Ticks::quarters(12)), 4s);
}

TEST(Quantizer, HearsTheBeatThatWasMeant) {
  const Quantizer people(12ms);
  const Tempo tempo = *Tempo::of(120);
  const auto ticks = [](double ms) { return ms / 500 * 960; };
  EXPECT_EQ(people.step_of(ticks(1000 - 25), tempo), 24);
  EXPECT_EQ(people.step_of(ticks(1000 + 30), tempo), 24);
  EXPECT_EQ(people.step_of(ticks(1000 + 125 - 15), tempo), 27) << "a sixteenth";
  EXPECT_EQ(people.step_of(ticks(1000 + 166), tempo), 28) << "a triplet";
  EXPECT_EQ(people.step_of(ticks(-20), tempo), 0);
}

TEST(Quantizer, TakesFilesByTheirWord) {
  const Quantizer exact(1ms);
  for (int step = 0; step < 48; ++step)
    EXPECT_EQ(exact.step_of(step * 80.0, *Tempo::of(240)), step);
}

class Heard : public MessageSink {
 public:
  Heard() { messages.reserve(64); }
  void send(const TimedMessage& message) noexcept override { messages.push_back(message); }
  std::vector<TimedMessage> messages;
};

TEST(Output, SendsInOrderOfTimeAndEndsWhatSounds) {
  Heard heard;
  auto output = Output::start(heard);
  ASSERT_TRUE(output);
  const nanoseconds now = host_now();
  (*output)->schedule(TimedMessage::note_on(now + 3ms, 0, 62, 80));
  (*output)->schedule(TimedMessage::note_on(now + 1ms, 0, 60, 80));
  (*output)->schedule(TimedMessage::note_off(now + 3ms, 0, 60));
  (*output)->schedule(TimedMessage::note_on(now + 1h, 0, 64, 80));
  while ((*output)->sent() < 3) std::this_thread::yield();
  (*output)->stop();
  std::vector<int> pitches, statuses;
  for (const auto& message : heard.messages) {
    pitches.push_back(message.bytes[1]);
    statuses.push_back(message.bytes[0]);
  }
  EXPECT_EQ(pitches, (std::vector<int>{60, 62, 60, 62}));
  EXPECT_EQ(statuses, (std::vector<int>{0x90, 0x90, 0x80, 0x80}));
  for (const nanoseconds error : (*output)->errors()) EXPECT_GE(error, 0ns) << "never early";
}

TEST(Output, StopsTheClockThatItStarted) {
  Heard heard;
  auto output = Output::start(heard);
  (*output)->schedule({host_now(), {start_status}});
  (*output)->schedule({host_now(), {tick_status}});
  while ((*output)->sent() < 2) std::this_thread::yield();
  (*output)->stop();
  ASSERT_EQ(heard.messages.size(), 3u);
  EXPECT_EQ(heard.messages.back().bytes[0], stop_status);
}

// Says what it gets in a way that a crash can't lose.
class Loud : public MessageSink {
 public:
  void send(const TimedMessage& message) noexcept override {
    const std::string_view name = message.bytes[0] == 0x90 ? "on " : "off ";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, name.data(), name.size());
  }
};

TEST(OutputDeathTest, ACrashEndsWhatSounds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto crash = [] {
    Loud loud;
    auto output = Output::start(loud);
    const CrashGuard guard(**output);
    (*output)->schedule(TimedMessage::note_on(host_now(), 0, 60, 80));
    while ((*output)->sent() < 1) std::this_thread::yield();
    std::abort();
  };
  EXPECT_EXIT(crash(), testing::KilledBySignal(SIGABRT), "on off ");
}

TEST(RealTime, AThreadIsGivenAPriorityAndTheOrdinaryOneBack) {
  const Wakeup over = Wakeup::make().value();
  std::atomic<pid_t> id{0};
  std::thread other([&] {
    id = gettid();
    over.wait_until(host_now() + 10s);
  });
  while (id == 0) std::this_thread::yield();
  const auto policy = [&] { return sched_getscheduler(id); };
  const bool granted = set_priority(id, 1);
  EXPECT_EQ(policy(), granted ? SCHED_FIFO : SCHED_OTHER);
  EXPECT_TRUE(set_priority(id, 0));
  EXPECT_EQ(policy(), SCHED_OTHER);
  over.notify();
  other.join();
}

TEST(MidiPorts, AreFoundByNameOrByAPartOfOne) {
  const std::vector<std::string> names = {"Midi Through", "Grand Piano 2", "Piano"};
  EXPECT_EQ(*find_port(names, "Piano"), 2u);
  EXPECT_EQ(*find_port(names, "piano"), 1u);
  EXPECT_EQ(*find_port(names, "through"), 0u);
  EXPECT_EQ(find_port(names, "organ").error().message,
            "no MIDI port has 'organ' in its name; there are 'Midi Through', 'Grand Piano 2', "
            "'Piano'");
}

}  // namespace
}  // namespace antiphon::live
