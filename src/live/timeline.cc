// SPDX-License-Identifier: Apache-2.0
#include "live/timeline.h"

#include <algorithm>

namespace antiphon::live {

using music::Tempo;
using music::Ticks;
using std::chrono::nanoseconds;

namespace {

// Later than any jam, and early enough to reckon with.
constexpr nanoseconds some_day = std::chrono::hours(24 * 365 * 100);

}  // namespace

Timeline::Timeline(nanoseconds start, Tempo tempo) : anchors_{{Ticks{}, start, tempo}} {}

Timeline::Timeline(nanoseconds start, const music::Score& score) : Timeline(start, Tempo()) {
  for (const auto& [at, tempo] : score.tempos) set_tempo(at, tempo);
}

void Timeline::set_tempo(Ticks at, Tempo tempo) { set_tempo(at, time_of(at), tempo); }

void Timeline::set_tempo(Ticks at, nanoseconds time, Tempo tempo) {
  at = std::max(at, Ticks{});
  const auto later = std::find_if(anchors_.rbegin(), anchors_.rend(), [at](const Anchor& anchor) {
                       return anchor.at < at;
                     }).base();
  if (later != anchors_.begin()) {
    const Anchor& before = *std::prev(later);
    time = std::max(time, before.time + before.tempo.duration(at - before.at));
  }
  anchors_.erase(later, anchors_.end());
  anchors_.push_back({at, time, tempo});
}

void Timeline::hold(Ticks at) { set_tempo(at, some_day, tempo_at(at)); }

const Timeline::Anchor& Timeline::anchor_of(Ticks at) const {
  const auto after =
      std::upper_bound(anchors_.begin(), anchors_.end(), at,
                       [](Ticks tick, const Anchor& anchor) { return tick < anchor.at; });
  return after == anchors_.begin() ? anchors_.front() : *std::prev(after);
}

nanoseconds Timeline::time_of(Ticks at) const {
  const Anchor& anchor = anchor_of(at);
  return anchor.time + anchor.tempo.duration(at - anchor.at);
}

double Timeline::ticks_at(nanoseconds time) const {
  const auto after =
      std::upper_bound(anchors_.begin(), anchors_.end(), time,
                       [](nanoseconds at, const Anchor& anchor) { return at < anchor.time; });
  const Anchor& anchor = after == anchors_.begin() ? anchors_.front() : *std::prev(after);
  const double quarters =
      static_cast<double>((time - anchor.time).count()) * anchor.tempo.bpm() / 60e9;
  const double ticks = static_cast<double>(anchor.at.count) + quarters * Ticks::per_quarter;
  const bool before_next = after != anchors_.end() && after != anchors_.begin();
  return before_next ? std::min(ticks, static_cast<double>(after->at.count)) : ticks;
}

Tempo Timeline::tempo_at(Ticks at) const { return anchor_of(at).tempo; }

std::vector<music::Change<Tempo>> Timeline::tempos() const {
  std::vector<music::Change<Tempo>> tempos;
  for (const Anchor& anchor : anchors_) tempos.push_back({anchor.at, anchor.tempo});
  return tempos;
}

}  // namespace antiphon::live
