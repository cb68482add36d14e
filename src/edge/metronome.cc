// SPDX-License-Identifier: Apache-2.0
#include "edge/metronome.h"

#include "tokens/grid.h"

namespace antiphon::edge {

using live::TimedMessage;
using std::chrono::nanoseconds;

namespace {

constexpr int drum_channel = 9;
constexpr int high_wood_block = 76, low_wood_block = 77;  // General MIDI's drum keys.
constexpr int accent = 110, plain = 80;
constexpr auto click_length = std::chrono::milliseconds(30);

}  // namespace

Metronome::Metronome(const live::Timeline& timeline,
                     std::span<const tokens::GridChange<music::Meter>> meters, int count_in,
                     bool goes_on)
    : timeline_(timeline),
      meters_(meters.begin(), meters.end()),
      first_(-count_in * tokens::bar_at(meters, 0).length),
      next_(first_),
      goes_on_(goes_on) {}

nanoseconds Metronome::time_of(std::int32_t step) const {
  return timeline_.time_of({step * tokens::ticks_per_step});
}

nanoseconds Metronome::due() const {
  return next_ < 0 || goes_on_ ? time_of(next_) : nanoseconds::max();
}

void Metronome::click(nanoseconds until, std::vector<TimedMessage>& out) {
  while (due() <= until) {
    const tokens::GridBar bar = tokens::bar_at(meters_, next_);
    const bool strong = next_ < 0 ? (next_ - first_) % bar.length == 0 : next_ == bar.start;
    const int key = strong ? high_wood_block : low_wood_block;
    const nanoseconds at = time_of(next_);
    out.push_back(TimedMessage::note_on(at, drum_channel, key, strong ? accent : plain));
    out.push_back(TimedMessage::note_off(at + click_length, drum_channel, key));
    next_ += bar.beat;
  }
}

}  // namespace antiphon::edge
