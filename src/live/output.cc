// SPDX-License-Identifier: Apache-2.0
#include "live/output.h"

#include <poll.h>

#include <algorithm>

#include "live/real_time.h"

namespace antiphon::live {

using std::chrono::nanoseconds;

namespace {

constexpr std::size_t room = 4096;
constexpr std::size_t errors_kept = 1 << 20;
constexpr int priority = 70;
constexpr int note_off_status = 0x80, note_on_status = 0x90, program_status = 0xc0;

std::uint8_t byte(int value) { return static_cast<std::uint8_t>(value); }

}  // namespace

TimedMessage TimedMessage::note_on(nanoseconds at, int channel, int pitch, int velocity) {
  return {at, {byte(note_on_status | channel), byte(pitch), byte(velocity)}};
}

TimedMessage TimedMessage::note_off(nanoseconds at, int channel, int pitch) {
  return {at, {byte(note_off_status | channel), byte(pitch), 0}};
}

TimedMessage TimedMessage::program(nanoseconds at, int channel, int program) {
  return {at, {byte(program_status | channel), byte(program), 0}};
}

Output::Output(MessageSink& sink, Wakeup wakeup)
    : sink_(sink), wakeup_(std::move(wakeup)), queue_(room) {
  waiting_.reserve(room);
  errors_.reserve(errors_kept);
}

Result<std::unique_ptr<Output>> Output::start(MessageSink& sink) {
  ANTIPHON_TRY(Wakeup wakeup, Wakeup::make());
  std::unique_ptr<Output> output(new Output(sink, std::move(wakeup)));
  output->thread_ = std::thread([raw = output.get()] { raw->run(); });
  return output;
}

Output::~Output() { stop(); }

void Output::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wakeup_.notify();
  thread_.join();
}

void Output::end_now() noexcept {
  stopping_.store(true, std::memory_order_release);
  wakeup_.notify();
  for (int i = 0; i < 200 && !ended_.load(std::memory_order_acquire); ++i) poll(nullptr, 0, 1);
}

bool Output::schedule(const TimedMessage& message) noexcept {
  if (!queue_.push(message)) return false;
  wakeup_.notify();
  return true;
}

void Output::take_new() {
  TimedMessage message;
  while (waiting_.size() < room && queue_.pop(message)) {
    // Before those of the same time, which came earlier and are nearer to the back.
    const auto place =
        std::lower_bound(waiting_.begin(), waiting_.end(), message.at,
                         [](const TimedMessage& other, nanoseconds at) { return other.at > at; });
    waiting_.insert(place, message);
  }
}

void Output::send_due(nanoseconds now) {
  while (!waiting_.empty() && waiting_.back().at <= now) {
    const TimedMessage message = waiting_.back();
    waiting_.pop_back();
    sink_.send(message);
    sent_.fetch_add(1, std::memory_order_release);
    if (message.of_clock() && message.bytes[0] != tick_status)
      clock_runs_ = message.bytes[0] != stop_status;
    const int status = message.bytes[0] & 0xf0;
    if (status != note_on_status && status != note_off_status) continue;
    const bool on = status == note_on_status && message.bytes[2] > 0;
    sounding_[static_cast<std::size_t>((message.bytes[0] & 0x0f) * 128 + message.bytes[1])] = on;
    if (errors_.size() < errors_kept) errors_.push_back(host_now() - message.at);
  }
}

void Output::end_all() {
  const nanoseconds now = host_now();
  if (clock_runs_) sink_.send({now, {stop_status}});
  for (int channel = 0; channel < 16; ++channel) {
    for (int pitch = 0; pitch < 128; ++pitch) {
      if (sounding_[static_cast<std::size_t>(channel * 128 + pitch)])
        sink_.send(TimedMessage::note_off(now, channel, pitch));
    }
  }
}

void Output::run() {
  const RealTimeScope scope(priority);
  real_time_ = scope.granted();
  while (!stopping_.load(std::memory_order_acquire)) {
    take_new();
    send_due(host_now());
    const nanoseconds idle = host_now() + std::chrono::milliseconds(100);
    wakeup_.wait_until(waiting_.empty() ? idle : std::min(idle, waiting_.back().at));
  }
  end_all();
  ended_.store(true, std::memory_order_release);
}

}  // namespace antiphon::live
