// SPDX-License-Identifier: Apache-2.0
#include <ableton/Link.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>

#include "live/link_clock.h"
#include "live/wakeup.h"

namespace antiphon::live {
namespace {

using std::chrono::nanoseconds;

// Others are found within that.
constexpr auto looks_around = std::chrono::seconds(1);
constexpr auto between_news = std::chrono::milliseconds(20);

class LinkClock : public Clock {
 public:
  LinkClock(music::Tempo tempo, double quarters) : link_(tempo.bpm()), bar_(quarters) {
    link_.enableStartStopSync(true);
    link_.enable(true);
  }

  bool poll(ClockNews& news) override {
    const nanoseconds now = host_now();
    if (now < due_ || (!started_ && link_.numPeers() == 0 && now < joined_ + looks_around))
      return false;
    const auto state = link_.captureAudioSessionState();
    const double beat = state.beatAtTime(link_.clock().micros(), bar_);
    const auto tempo = *music::Tempo::of(std::clamp(state.tempo(), 20.0, 400.0));
    due_ = now + between_news;
    const bool starts = !started_ || (state.isPlaying() && !plays_);
    const bool stops = plays_ && !state.isPlaying();
    plays_ = state.isPlaying();
    if (stops) stopped_ = true;
    if (starts) {
      first_ = (std::floor(beat / bar_) + 1) * bar_;
      stopped_ = false;
    } else {
      // Who comes into a session with others gets another count of bars.
      const double counted = last_.quarters_at(now) + first_;
      first_ += std::round((beat - counted) / bar_) * bar_;
    }
    last_ = {beat - first_, now, tempo};
    if (stopped_ && !stops) return false;
    started_ = true;
    news = {starts  ? ClockNews::Kind::start
            : stops ? ClockNews::Kind::stop
                    : ClockNews::Kind::beat,
            last_};
    return true;
  }

 private:
  ableton::Link link_;
  const double bar_;  // Quarters.
  const nanoseconds joined_ = host_now();
  nanoseconds due_{};
  bool started_ = false, plays_ = false, stopped_ = false;
  double first_ = 0;  // The beat of theirs with which the music started.
  Beat last_;
};

}  // namespace

Result<std::unique_ptr<Clock>> join_link(music::Tempo tempo, double quarters) {
  return std::unique_ptr<Clock>(std::make_unique<LinkClock>(tempo, quarters));
}

}  // namespace antiphon::live
