// SPDX-License-Identifier: Apache-2.0
#include "generate/harmony.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <numeric>
#include <utility>

#include "tokens/grid.h"

namespace antiphon::generate {

using tokens::EventType;

std::vector<std::int32_t> chord_changes(const tokens::Header& header, std::int32_t from,
                                        std::int32_t until) {
  std::vector<std::int32_t> changes = {from};
  while (changes.back() < until) {
    const tokens::GridBar bar = bar_at(header.meters, changes.back());
    const std::int32_t part =
        bar.length % (4 * tokens::steps_per_quarter) == 0 ? bar.length / 2 : bar.length;
    const std::int32_t next = bar.start + ((changes.back() - bar.start) / part + 1) * part;
    changes.push_back(std::min(next, until));
  }
  return changes;
}

void add_sounding(std::span<const TimedEvent> events, const tokens::Header& header,
                  std::span<const std::int32_t> changes, std::span<PitchClassTimes> times) {
  const auto sounds = [&](int pitch, std::int32_t begin, std::int32_t end) {
    for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
      const std::int32_t common = std::min(end, changes[i + 1]) - std::max(begin, changes[i]);
      if (common > 0) times[i][static_cast<std::size_t>(pitch % 12)] += common;
    }
  };
  std::map<std::pair<int, int>, std::int32_t> held;  // Since when, by slot and pitch.
  for (const auto& [at, event] : events) {
    if (header.slots[event.slot].instrument == tokens::instrument_drums) continue;
    const std::pair<int, int> key = {event.slot, event.pitch};
    if (event.duration > 0) sounds(event.pitch, at, at + event.duration);
    if (event.type == EventType::onset) held[key] = at;
    if (event.type != EventType::release) continue;
    if (const auto down = held.find(key); down != held.end()) {
      sounds(event.pitch, down->second, at);
      held.erase(down);
    }
  }
  for (const auto& [key, since] : held) sounds(key.second, since, changes.back());
}

music::PitchClassSet chord_of(const PitchClassTimes& times) {
  constexpr double least = 0.75;  // Of what sounds, in the chord.
  constexpr double more = 0.1;    // Of it, at least, in what a chord has beyond a plain triad.
  const double total = std::accumulate(times.begin(), times.end(), 0.0);
  music::PitchClassSet best;
  double best_share = 0;
  const auto consider = [&](int root, std::initializer_list<int> intervals, double handicap) {
    const auto share = [&](int interval) {
      return times[static_cast<std::size_t>((root + interval) % 12)] / total;
    };
    // Of two that hold the same, the one whose root sounds longer.
    double sum = 0.05 * share(0) - handicap;
    music::PitchClassSet chord;
    for (const int interval : intervals) {
      chord.set(static_cast<std::size_t>((root + interval) % 12));
      sum += share(interval);
    }
    if (sum > best_share) best = chord, best_share = sum;
  };
  if (total <= 0) return best;
  for (int root = 0; root < 12; ++root) {
    for (const int third : {3, 4}) {
      consider(root, {0, third, 7}, 0);
      consider(root, {0, third, 7, 10}, more);
    }
    consider(root, {0, 4, 7, 11}, more);
    consider(root, {0, 3, 6}, more / 2);
  }
  double held = 0;
  for (std::size_t note = 0; note < times.size(); ++note) held += best.test(note) ? times[note] : 0;
  return held >= least * total ? best : music::PitchClassSet();
}

void ForetoldHarmony::foretell(const ChartChord& chord) {
  if (!chords_.empty() && chords_.back().at >= chord.at) chords_.clear();
  chords_.push_back(chord);
}

void ForetoldHarmony::hear(std::int32_t at, int pitch) {
  constexpr std::size_t kept = 64;
  if (at % tokens::steps_per_quarter != 0) return;
  heard_.push_back({at, pitch});
  if (heard_.size() > kept) heard_.pop_front();
}

Chart ForetoldHarmony::chart() const {
  Chart chart = chords_;
  int failed = 0;  // In a row.
  for (std::size_t i = 0; i < chart.size(); ++i) {
    int in = 0, out = 0;
    for (const Note& note : heard_) {
      const bool during =
          note.at >= chart[i].at && (i + 1 == chart.size() || note.at < chart[i + 1].at);
      if (during) ++(chords_[i].classes.test(static_cast<std::size_t>(note.pitch % 12)) ? in : out);
    }
    const bool told = chords_[i].classes.any() && in + out > 0;
    if (told) failed = in < out ? failed + 1 : 0;
    if (failed >= 2 || (told && in < out)) chart[i].classes.reset();
  }
  return chart;
}

}  // namespace antiphon::generate
