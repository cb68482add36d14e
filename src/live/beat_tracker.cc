// SPDX-License-Identifier: Apache-2.0
#include "live/beat_tracker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "live/quantizer.h"

namespace antiphon::live {

using std::chrono::nanoseconds;

namespace {

constexpr std::size_t readings_kept = 24;
constexpr double chord = 0.03;         // Seconds in which the notes of one chord are struck.
constexpr double least_spread = 0.02;  // Files are exact, and may still slow down.
// The period's random walk: its standard deviation over a quarter, as a share of it.
constexpr double drift = 0.02;
// Who pauses goes on counting, so a pause makes no less sure than so many quarters do.
constexpr double longest_drift = 4;
// What is likely of a step says less of one note among others that are alike.
constexpr double prior_strength = 0.8;
constexpr double slips = 0.1;  // The share of notes that were meant for no step.
// Of a player of whom nothing is known, in quarters a minute.
constexpr double slowest = 45, fastest = 190, usual = 100, unusual = 0.35;

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

BeatTracker::BeatTracker(music::Tempo tempo, nanoseconds spread) {
  const double least = std::max(seconds(spread), least_spread);
  variance_ = least * least;
  readings_.reserve(readings_kept + 1);
  next_.reserve(readings_kept + 1);
  believe({0, {}, tempo});
}

void BeatTracker::believe(const Beat& beat) {
  Reading sure;
  sure.steps = beat.quarters * steps_per_quarter;
  sure.time = seconds(beat.at);
  sure.period = 60 / beat.tempo.bpm();
  sure.time_variance = variance_;
  sure.period_variance = std::pow(drift * sure.period, 2);
  readings_.assign(1, sure);
  shortest_ = sure.period / 2, longest_ = sure.period * 2;
  anew_.reset();
}

void BeatTracker::listen_anew(std::int32_t step) { anew_ = step; }

void BeatTracker::shift(std::int32_t steps) {
  for (Reading& reading : readings_) reading.steps += steps;
}

// The reading when the music has come to `steps`.
BeatTracker::Reading BeatTracker::moved(const Reading& reading, double steps) {
  Reading at = reading;
  const double quarters = (steps - reading.steps) / steps_per_quarter;
  const double unsure = std::min(quarters, longest_drift);
  const double walk = std::pow(drift * reading.period, 2);
  at.steps = steps;
  at.time += quarters * reading.period;
  at.time_variance += 2 * unsure * reading.covariance + unsure * unsure * reading.period_variance +
                      walk * std::pow(unsure, 3) / 3;
  at.covariance += unsure * reading.period_variance + walk * unsure * unsure / 2;
  at.period_variance += walk * unsure;
  return at;
}

// Among the likeliest, unless it says what a likelier one says.
void BeatTracker::keep(const Reading& reading) {
  const auto place = std::find_if(next_.begin(), next_.end(), [&](const Reading& other) {
    return other.weight < reading.weight;
  });
  const auto alike = [&](const Reading& other) {
    return other.steps == reading.steps &&
           std::abs(other.period - reading.period) < 0.01 * reading.period;
  };
  if (std::any_of(next_.begin(), place, alike)) return;
  const auto inserted = next_.insert(place, reading);
  const auto worse = std::find_if(inserted + 1, next_.end(), alike);
  if (worse != next_.end()) next_.erase(worse);
  if (next_.size() > readings_kept) next_.pop_back();
}

void BeatTracker::observe(double time) {
  next_.clear();
  for (const Reading& reading : readings_) {
    const double since = (time - reading.time) / reading.period * steps_per_quarter;
    Reading slip = moved(reading, reading.steps + std::max(since, 0.0));
    slip.weight += std::log(slips / reading.period);  // It may be anywhere in a quarter.
    keep(slip);
    const double deviation = std::sqrt(slip.time_variance + variance_) / reading.period;
    const double reach = 1 + std::min(3 * deviation, 1.0) * steps_per_quarter;
    const double first = std::ceil(std::max(reading.steps, slip.steps - reach));
    for (double step = first; step <= slip.steps + reach; ++step) {
      Reading at = moved(reading, step);
      const double miss = time - at.time, total = at.time_variance + variance_;
      at.weight += prior_strength * log_step_prior(static_cast<std::int32_t>(step)) -
                   (miss * miss / total + std::log(2 * M_PI * total)) / 2;
      const double gain = at.time_variance / total, period_gain = at.covariance / total;
      at.time += gain * miss;
      at.period += period_gain * miss;
      if (!(at.period > shortest_ && at.period < longest_)) continue;
      at.period_variance -= period_gain * at.covariance;
      at.covariance *= 1 - gain;
      at.time_variance *= 1 - gain;
      keep(at);
    }
  }
  std::swap(readings_, next_);
  const double best = readings_.front().weight;
  for (Reading& reading : readings_) reading.weight -= best;
}

// The first onset of who plays at a tempo of their own.
void BeatTracker::begin(double time) {
  const double before = readings_.front().period;
  const double likely = last_ < 0 ? 60 / usual : before;
  shortest_ = 60 / fastest, longest_ = 60 / slowest;
  readings_.clear();
  for (std::size_t i = 0; i < readings_kept; ++i) {
    Reading reading;
    reading.steps = *anew_;
    reading.time = time;
    reading.period =
        shortest_ * std::pow(longest_ / shortest_, static_cast<double>(i) / (readings_kept - 1));
    reading.time_variance = variance_;
    reading.period_variance = std::pow(0.04 * reading.period, 2);
    reading.weight = -std::pow(std::log(reading.period / likely) / unusual, 2) / 2;
    readings_.push_back(reading);
  }
  std::stable_sort(readings_.begin(), readings_.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  anew_.reset();
}

std::int32_t BeatTracker::hear(nanoseconds at) {
  const double time = seconds(at);
  if (anew_) {
    begin(time);
  } else if (time - last_ > chord) {
    observe(time);
  } else {
    return static_cast<std::int32_t>(std::lround(readings_.front().steps));
  }
  last_ = time;
  return static_cast<std::int32_t>(std::lround(readings_.front().steps));
}

Beat BeatTracker::beat() const {
  const Reading& best = readings_.front();
  return {best.steps / steps_per_quarter,
          std::chrono::round<nanoseconds>(std::chrono::duration<double>(best.time)),
          music::Tempo::of(std::clamp(60 / best.period, 4.0, 1000.0)).value()};
}

}  // namespace antiphon::live
