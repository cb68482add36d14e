// SPDX-License-Identifier: Apache-2.0
#include "live/timeline.h"

#include <algorithm>

namespace antiphon::live {

using music::Tempo;
using music::Ticks;
using std::chrono::nanoseconds;

Timeline::Timeline(nanoseconds start, Tempo tempo) : anchors_{{Ticks{}, start, tempo}} {}

Timeline::Timeline(nanoseconds start, const music::Score& score) : Timeline(start, Tempo()) {
  for (const auto& [at, tempo] : score.tempos) set_tempo(at, tempo);
}

void Timeline::set_tempo(Ticks at, Tempo tempo) {
  at = std::max(at, Ticks{});
  const nanoseconds time = time_of(at);
  std::erase_if(anchors_, [&](const Anchor& anchor) { return anchor.at >= at; });
  anchors_.push_back({at, time, tempo});
}

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
  return static_cast<double>(anchor.at.count) + quarters * Ticks::per_quarter;
}

Tempo Timeline::tempo_at(Ticks at) const { return anchor_of(at).tempo; }

std::vector<music::Change<Tempo>> Timeline::tempos() const {
  std::vector<music::Change<Tempo>> tempos;
  for (const Anchor& anchor : anchors_) tempos.push_back({anchor.at, anchor.tempo});
  return tempos;
}

}  // namespace antiphon::live
