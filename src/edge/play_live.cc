// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "edge/improviser.h"
#include "edge/jam.h"
#include "live/real_time.h"
#include "live/spsc_queue.h"
#include "live/wakeup.h"

namespace antiphon::edge {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t room = 16384;
constexpr int conductor_priority = 60;  // Below the output's.

// The thread on which the model works.
class Worker {
 public:
  static Result<std::unique_ptr<Worker>> start(generate::EventModel& model, const JamSetup& setup,
                                               const live::Wakeup& conductor) {
    ANTIPHON_TRY(live::Wakeup wakeup, live::Wakeup::make());
    return std::unique_ptr<Worker>(new Worker(model, setup, std::move(wakeup), conductor));
  }
  ~Worker() {
    stopping_.store(true, std::memory_order_release);
    wakeup_.notify();
    thread_.join();
  }

  void tell(std::vector<Told>& told) {
    // Sixteen thousand events behind, a model won't catch up; what it misses are facts, not safety.
    for (const Told& one : told) in_.push(one);
    if (!told.empty()) wakeup_.notify();
    told.clear();
  }
  bool answer(Drafted& drafted) { return out_.pop(drafted); }

 private:
  Worker(generate::EventModel& model, const JamSetup& setup, live::Wakeup wakeup,
         const live::Wakeup& conductor)
      : wakeup_(std::move(wakeup)),
        conductor_(conductor),
        in_(room),
        out_(room),
        improviser_(model, setup.header, setup.sampling, setup.reach),
        thread_([this] { run(); }) {}

  void run() {
    std::vector<Drafted> drafted;
    while (!stopping_.load(std::memory_order_acquire)) {
      Told told;
      while (in_.pop(told)) improviser_.tell(told);
      if (!improviser_.busy()) {
        wakeup_.wait_until(live::host_now() + std::chrono::milliseconds(100));
        continue;
      }
      improviser_.work(drafted);
      for (const Drafted& one : drafted) out_.push(one);
      drafted.clear();
      conductor_.notify();
    }
  }

  live::Wakeup wakeup_;
  const live::Wakeup& conductor_;
  live::SpscQueue<Told> in_;
  live::SpscQueue<Drafted> out_;
  Improviser improviser_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace

Result<Jam> play_live(generate::EventModel& model, const JamSetup& setup, live::MessageSink& sink,
                      const Progress& progress) {
  ANTIPHON_TRY(live::Wakeup wakeup, live::Wakeup::make());
  ANTIPHON_TRY(auto output, live::Output::start(sink));
  ANTIPHON_TRY(auto worker, Worker::start(model, setup, wakeup));
  Conductor conductor(setup.timeline, setup.header, setup.pace, setup.length);

  const live::RealTimeScope scope(conductor_priority);

  // What is told and sent counts from the start of the jam.
  const nanoseconds start = live::host_now() + std::chrono::milliseconds(100);
  std::size_t played = 0;
  nanoseconds now = live::host_now() - start, shown{};
  bool stopped = false;
  while (!stopped && now < setup.length) {
    while (played < setup.performer.size() && setup.performer[played].at <= now)
      conductor.hear(setup.performer[played++]);
    Drafted drafted;
    while (worker->answer(drafted)) conductor.take(drafted, now);
    conductor.advance(now);
    worker->tell(conductor.to_tell());
    for (live::TimedMessage message : conductor.to_send()) {
      message.at += start;
      output->schedule(message);
    }
    conductor.to_send().clear();
    if (progress && now - shown > std::chrono::milliseconds(100)) {
      shown = now;
      stopped =
          !progress(static_cast<double>(now.count()) / static_cast<double>(setup.length.count()));
    }
    nanoseconds next = std::min(conductor.next(), setup.length);
    if (played < setup.performer.size()) next = std::min(next, setup.performer[played].at);
    wakeup.wait_until(start + next);
    now = live::host_now() - start;
  }
  conductor.end(std::min(now, setup.length));
  output->stop();
  return Jam{setup.timeline,
             conductor.frames(),
             conductor.notes(),
             conductor.heard(),
             output->errors(),
             output->real_time(),
             stopped};
}

}  // namespace antiphon::edge
