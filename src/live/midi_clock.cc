// SPDX-License-Identifier: Apache-2.0
#include "live/midi_clock.h"

#include <algorithm>
#include <cmath>

namespace antiphon::live {

using std::chrono::nanoseconds;

namespace {

constexpr int ticks_per_quarter = 24;
constexpr music::Ticks tick_length{music::Ticks::per_quarter / ticks_per_quarter};
// Who is told to start needs a moment until the first tick.
constexpr auto start_ahead = std::chrono::milliseconds(1);
constexpr double usual_period = 0.5 / ticks_per_quarter;
constexpr double slowest = 60.0 / 20 / ticks_per_quarter, fastest = 60.0 / 400 / ticks_per_quarter;
constexpr int longest_memory = 24;

}  // namespace

std::optional<ClockNews> MidiClock::take(std::uint8_t status, nanoseconds at) {
  const double time = std::chrono::duration<double>(at).count();
  switch (status) {
    case start_status:
    case continue_status:
      running_ = true;
      starts_ = status == start_status;
      if (starts_) ticks_ = -1;
      memory_ = std::min(memory_, 1);  // The next tick may be far off.
      return {};
    case stop_status:
      if (!running_) return {};
      running_ = false;
      return ClockNews{ClockNews::Kind::stop, {0, at, {}}};
    case tick_status: {
      ClockNews news = tick(time);
      if (!running_) return {};
      return news;
    }
    default:
      return {};
  }
}

ClockNews MidiClock::tick(double time) {
  const double since = time - time_, gap = time - came_;
  came_ = time;
  if (memory_ == 0 || since > 1) {
    // The first tick, or the first after a pause: of the period nothing is new.
    memory_ = 1;
    time_ = time;
    missing_ = 0;
    if (period_ == 0) period_ = usual_period;
    ticks_ += running_;
  } else if (memory_ == 1) {
    memory_ = 2;
    period_ = std::clamp(since, fastest, slowest);
    time_ = time;
    ticks_ += running_;
  } else {
    // Ticks that are missing are counted, but some systems deliver them in bunches, so they may
    // come yet, with the one that they are missed at. Where the next one is as far off as it should
    // be, they won't.
    const bool late = memory_ == longest_memory && gap > 2.5 * period_;
    if (late) {
      missing_ = static_cast<int>(std::round(gap / period_)) - 1;
    } else if (missing_ > 0 && gap < 0.5 * period_) {
      --missing_;
    } else if (missing_ > 0) {
      if (gap < 1.5 * period_) {
        time_ += missing_ * period_;
        if (running_) ticks_ += missing_;
      }
      missing_ = 0;
    }
    const double expected = time_ + period_;
    const double miss = late || missing_ > 0 ? 0 : time - expected;
    // Growing memory: the line through all ticks so far, by least squares (Brookner 1998).
    const double n = memory_;
    time_ = expected + 2 * (2 * n + 1) / ((n + 1) * (n + 2)) * miss;
    period_ = std::clamp(period_ + 6 / ((n + 1) * (n + 2)) * miss, fastest, slowest);
    if (memory_ < longest_memory) ++memory_;
    ticks_ += running_;
  }
  const auto kind = starts_ ? ClockNews::Kind::start : ClockNews::Kind::beat;
  if (running_) starts_ = false;
  return {
      kind,
      {static_cast<double>(ticks_ + missing_) / ticks_per_quarter,
       std::chrono::round<nanoseconds>(std::chrono::duration<double>(time_ + missing_ * period_)),
       music::Tempo::of(60 / (period_ * ticks_per_quarter)).value()}};
}

void ClockSender::go_on(music::Ticks until, std::vector<TimedMessage>& out) {
  for (; next_ < until; next_ += tick_length) {
    const nanoseconds at = timeline_.time_of(next_);
    if (!running_ && next_ >= music::Ticks{}) {
      out.push_back({at - start_ahead, {started_ ? continue_status : start_status}});
      running_ = started_ = true;
    }
    out.push_back({at, {tick_status}});
    last_ = at;
  }
}

void ClockSender::stop(nanoseconds now, std::vector<TimedMessage>& out) {
  if (running_) out.push_back({std::max(now, last_), {stop_status}});
  running_ = false;
}

bool PortClock::poll(ClockNews& news) {
  for (PortMessage message; input_.pop(message);) {
    if (const auto said = clock_.take(message.bytes[0], message.at)) {
      news = *said;
      return true;
    }
  }
  return false;
}

}  // namespace antiphon::live
