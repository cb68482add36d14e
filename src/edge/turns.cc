// SPDX-License-Identifier: Apache-2.0
#include "edge/turns.h"

#include <algorithm>

#include "tokens/grid.h"

namespace antiphon::edge {

using std::chrono::nanoseconds;

namespace {

constexpr std::int32_t quarter = tokens::steps_per_quarter;
constexpr std::int32_t shortest = 4 * quarter, longest = 8 * 4 * quarter;
constexpr nanoseconds least_pause = std::chrono::milliseconds(600);

std::int32_t whole_quarters(std::int32_t steps) {
  return (steps + quarter - 1) / quarter * quarter;
}

}  // namespace

void Turns::hear(std::int32_t step, nanoseconds at) {
  if (turn_ != Turn::player) first_ = step;
  turn_ = Turn::player;
  last_ = step;
  heard_ = at;
}

void Turns::advance(std::int32_t frame, nanoseconds now, music::Tempo tempo, bool held) {
  if (turn_ == Turn::player) {
    const nanoseconds pause =
        std::max(tempo.duration(music::Ticks::quarters(held ? 4 : 2)), least_pause);
    if (now - heard_ < pause) return;
    turn_ = Turn::answer;
    from_ = whole_quarters(frame);
    until_ = from_ + std::clamp(whole_quarters(last_ - first_ + 1), shortest, longest);
  } else if (turn_ == Turn::answer && frame >= until_) {
    turn_ = Turn::nobody;
  }
}

}  // namespace antiphon::edge
