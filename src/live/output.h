// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/result.h"
#include "live/spsc_queue.h"
#include "live/wakeup.h"

namespace antiphon::live {

/// The first and only bytes of MIDI's clock.
inline constexpr std::uint8_t tick_status = 0xf8, start_status = 0xfa, continue_status = 0xfb,
                              stop_status = 0xfc;

/// A MIDI message of a channel, or of the clock, and the host time at which it is to sound.
struct TimedMessage {
  std::chrono::nanoseconds at{};
  std::array<std::uint8_t, 3> bytes{};

  static TimedMessage note_on(std::chrono::nanoseconds at, int channel, int pitch, int velocity);
  static TimedMessage note_off(std::chrono::nanoseconds at, int channel, int pitch);
  static TimedMessage program(std::chrono::nanoseconds at, int channel, int program);

  bool of_clock() const { return bytes[0] >= tick_status; }
};

/// Where MIDI messages go: a device, a synthesizer, a recording.
///
/// Real time: `send` may be called on the output thread and must not block.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  virtual void send(const TimedMessage& message) noexcept = 0;
};

/// Sends messages at their time, from a thread of its own.
///
/// Messages of one time go out in the order in which they came. On `stop` and on destruction what
/// has begun to sound is ended, a clock that runs is stopped, and what hasn't begun is dropped.
///
/// Threads: `schedule` from one producer; `stop` from any, once; `end_now` from any.
/// Real time: the thread touches no heap, lock or file between messages.
class Output {
 public:
  /// `sink` is borrowed and used by the output thread alone.
  static Result<std::unique_ptr<Output>> start(MessageSink& sink);
  ~Output();

  /// False if 4,096 messages wait already; the message is then dropped.
  bool schedule(const TimedMessage& message) noexcept;
  void stop();
  /// Has the thread do what `stop` does, and waits for it a fifth of a second at most. For handlers
  /// of signals: touches no heap or lock.
  void end_now() noexcept;

  /// Messages sent so far. Any thread.
  std::size_t sent() const { return sent_.load(std::memory_order_acquire); }
  /// Actual less due time of each note-on and note-off that was sent, in order; after `stop`. The
  /// last million.
  const std::vector<std::chrono::nanoseconds>& errors() const { return errors_; }
  /// True if the thread was granted the FIFO scheduler; after `stop`.
  bool real_time() const { return real_time_; }

 private:
  Output(MessageSink& sink, Wakeup wakeup);
  void run();
  void send_due(std::chrono::nanoseconds now);
  void take_new();
  void end_all();

  MessageSink& sink_;
  Wakeup wakeup_;
  SpscQueue<TimedMessage> queue_;
  std::vector<TimedMessage> waiting_;  // Sorted by time, the next one last.
  std::array<bool, 16 * 128> sounding_{};
  bool clock_runs_ = false;
  std::vector<std::chrono::nanoseconds> errors_;
  std::atomic<std::size_t> sent_{0};
  std::atomic<bool> stopping_{false}, ended_{false};
  bool real_time_ = false;
  std::thread thread_;
};

}  // namespace antiphon::live
