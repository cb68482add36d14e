// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "edge/jam.h"
#include "edge/metronome.h"
#include "live/crash_guard.h"
#include "live/midi_clock.h"
#include "live/real_time.h"
#include "live/spsc_queue.h"
#include "live/wakeup.h"

namespace antiphon::edge {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t room = 16384;
constexpr int conductor_priority = 60;  // Below the output's.
constexpr int reflex_priority = 50;     // Above all that may be late.
constexpr int answer_priority = 40;
constexpr auto clicks_ahead = std::chrono::milliseconds(20);
constexpr auto longest_nap = std::chrono::milliseconds(150);  // A watcher wants to see.

// What a player played, as the sink is to hear it: the slot is the channel.
live::TimedMessage message_of(const Played& played) {
  return played.velocity > 0
             ? live::TimedMessage::note_on(played.at, played.slot, played.pitch, played.velocity)
             : live::TimedMessage::note_off(played.at, played.slot, played.pitch);
}

// The thread on which a model works. It is urgent while a question waits for its answer, which is
// some events' work, and not while it drafts ahead. Who asks makes it so, since a thread that waits
// for its turn can't.
class Worker : public Responder {
 public:
  /// Drafts reach `reach` steps ahead. `priority`: of the FIFO scheduler while it answers.
  static Result<std::unique_ptr<Worker>> start(generate::EventModel& model, const JamSetup& setup,
                                               std::int32_t reach, int priority,
                                               const live::Wakeup& conductor) {
    ANTIPHON_TRY(live::Wakeup wakeup, live::Wakeup::make());
    return std::unique_ptr<Worker>(
        new Worker(model, setup, reach, priority, std::move(wakeup), conductor));
  }
  ~Worker() override {
    stopping_.store(true, std::memory_order_release);
    wakeup_.notify();
    thread_.join();
  }

  void tell(std::vector<Told>& told) override {
    // Sixteen thousand events behind, a model won't catch up; what it misses are facts, not safety.
    bool asks = false;
    for (const Told& one : told) {
      in_.push(one);
      asks |= one.kind == Told::Kind::ask;
    }
    if (asks) live::set_priority(thread_id_.load(std::memory_order_acquire), priority_);
    if (!told.empty()) wakeup_.notify();
    told.clear();
  }
  bool answer(Drafted& drafted) override { return out_.pop(drafted); }

 private:
  Worker(generate::EventModel& model, const JamSetup& setup, std::int32_t reach, int priority,
         live::Wakeup wakeup, const live::Wakeup& conductor)
      : wakeup_(std::move(wakeup)),
        conductor_(conductor),
        in_(room),
        out_(room),
        priority_(priority),
        improviser_(model, setup.header, setup.sampling, reach) {
    improviser_.set_chart(setup.chart);
    improviser_.set_patience(setup.pace.horizon / 2);
    thread_ = std::thread([this] { run(); });
    while (thread_id_.load(std::memory_order_acquire) == 0) std::this_thread::yield();
  }

  void run() {
    thread_id_.store(gettid(), std::memory_order_release);
    std::vector<Drafted> drafted;
    bool asked = false;
    while (!stopping_.load(std::memory_order_acquire)) {
      Told told;
      while (in_.pop(told)) {
        improviser_.tell(told);
        asked |= told.kind == Told::Kind::ask;
      }
      // Also where it was lowered after an answer that the question didn't wait for.
      if (asked) live::set_priority(0, priority_);
      if (!improviser_.busy()) {
        wakeup_.wait_until(live::host_now() + std::chrono::milliseconds(100));
        continue;
      }
      improviser_.work(drafted);
      for (const Drafted& one : drafted) out_.push(one);
      drafted.clear();
      conductor_.notify();
      if (std::exchange(asked, false)) live::set_priority(0, 0);
    }
  }

  live::Wakeup wakeup_;
  const live::Wakeup& conductor_;
  live::SpscQueue<Told> in_;
  live::SpscQueue<Drafted> out_;
  const int priority_;
  Improviser improviser_;
  std::atomic<bool> stopping_{false};
  std::atomic<pid_t> thread_id_{0};
  std::thread thread_;
};

}  // namespace

Result<Jam> play_live(const Models& models, const JamSetup& setup, const Stage& stage,
                      const Watch& watch) {
  ANTIPHON_TRY(auto output, live::Output::start(stage.sink));
  const live::CrashGuard guard(*output);
  Responder* const node = collab::node_takes_part(setup.node.wishes) ? stage.node : nullptr;
  std::unique_ptr<Worker> edge;
  if (models.edge != nullptr && !(setup.baseline && node != nullptr)) {
    ANTIPHON_TRY(edge,
                 Worker::start(*models.edge, setup, setup.edge_reach(models.reflex != nullptr),
                               answer_priority, stage.wakeup));
  }
  std::unique_ptr<Worker> reflex;
  if (models.reflex != nullptr && !setup.baseline) {
    ANTIPHON_TRY(reflex, Worker::start(*models.reflex, setup, setup.reflex_reach, reflex_priority,
                                       stage.wakeup));
  }
  const Crew crew = {node != nullptr, edge != nullptr, reflex != nullptr};
  live::Timeline timeline = setup.timeline;
  Metronome metronome(timeline, setup.header.meters, setup.count_in, setup.metronome);
  const nanoseconds lead = metronome.lead();  // While the timeline doesn't stand still.
  const std::int32_t count_in = setup.count_in * tokens::bar_at(setup.header.meters, 0).length;
  live::ClockSender clock(timeline, {-count_in * tokens::ticks_per_step});
  Conductor conductor(timeline, setup.header, setup.pace, setup.length, crew,
                      scheduler_of(setup, timeline, crew));
  conductor.finish_at(setup.last_step);
  if (stage.clock != nullptr) conductor.hold();  // Until the clock starts.
  const std::pair<Model, Responder*> responders[] = {
      {Model::cloud, node}, {Model::edge, edge.get()}, {Model::reflex, reflex.get()}};

  const live::RealTimeScope scope(conductor_priority);
  const live::MemoryScope memory;

  // What is told and sent counts from the start of the jam.
  const nanoseconds start = live::host_now() + lead + std::chrono::milliseconds(100);
  stage.player.begin(start);
  if (stage.through) {
    for (std::size_t slot = 0; slot < setup.header.slots.size(); ++slot) {
      const tokens::Slot& part = setup.header.slots[slot];
      if (part.role == tokens::Role::human && part.instrument < tokens::instrument_drums) {
        conductor.to_send().push_back(
            live::TimedMessage::program(-lead, static_cast<int>(slot), part.instrument));
      }
    }
  }
  nanoseconds now = live::host_now() - start, shown = now;
  bool stopped = false;
  std::size_t wished = 0;
  while (now < conductor.ends()) {
    Played played;
    for (; wished < setup.controls.size() && setup.controls[wished].at <= conductor.frame_start();
         ++wished)
      conductor.wish(setup.controls[wished].control);
    for (live::ClockNews news; stage.clock != nullptr && stage.clock->poll(news);) {
      news.beat.at -= start;
      conductor.keep_time(news);
    }
    for (Wish wish; stage.wishes != nullptr && stage.wishes->pop(wish);) {
      if (auto* const tap = std::get_if<Tap>(&wish)) tap->at -= start;
      conductor.wish(wish);
    }
    while (stage.player.next(now, played)) {
      conductor.hear(played);
      if (stage.through) conductor.to_send().push_back(message_of(played));
    }
    for (Wish wish; stage.player.next_wish(wish);) conductor.wish(wish);
    for (const auto& [model, responder] : responders) {
      for (Drafted drafted; responder != nullptr && responder->answer(drafted);)
        conductor.take(model, drafted, now);
    }
    conductor.advance(now);
    metronome.click(std::min(now + clicks_ahead, conductor.ends()), conductor.to_send());
    if (setup.sends_clock && conductor.held()) clock.stop(now, conductor.to_send());
    if (setup.sends_clock)
      clock.go_on({conductor.frame_start() * tokens::ticks_per_step}, conductor.to_send());
    for (const auto& [model, responder] : responders) {
      if (responder != nullptr) responder->tell(conductor.to_tell(model));
    }
    for (live::TimedMessage message : conductor.to_send()) {
      message.at += start;
      output->schedule(message);
    }
    conductor.to_send().clear();
    if (watch && !stopped && now - shown > std::chrono::milliseconds(100)) {
      shown = now;
      stopped = !watch(now, conductor);
      if (stopped) conductor.finish(now);
    }
    nanoseconds next = std::min({conductor.next(), conductor.ends(), stage.player.due(),
                                 metronome.due() - clicks_ahead, shown + longest_nap});
    stage.wakeup.wait_until(start + next);
    now = live::host_now() - start;
  }
  conductor.end(std::min(now, conductor.ends()));
  output->stop();
  return Jam{timeline,         conductor.frames(),  conductor.notes(), conductor.heard(),
             output->errors(), output->real_time(), memory.granted(),  stopped,
             conductor.plans()};
}

}  // namespace antiphon::edge
