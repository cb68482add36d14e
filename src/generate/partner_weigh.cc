// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "generate/partner.h"

namespace antiphon::generate {

using tokens::Event;
using tokens::EventType;
using tokens::Role;

namespace {

constexpr double impossible = std::numeric_limits<double>::infinity();

// The probabilities of classes, of which only some are allowed.
class Distribution {
 public:
  template <class Allowed>
  Distribution(std::span<const float> logits, Allowed&& allowed) {
    float highest = -std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (allowed(static_cast<int>(i))) highest = std::max(highest, logits[i]);
    }
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const bool may = allowed(static_cast<int>(i));
      probability_[i] = may ? std::exp(static_cast<double>(logits[i] - highest)) : 0.0;
      sum += probability_[i];
    }
    size_ = logits.size();
    for (std::size_t i = 0; i < size_ && sum > 0; ++i) probability_[i] /= sum;
  }

  template <class Counts>
  double share(Counts&& counts) const {
    double share = 0;
    for (std::size_t i = 0; i < size_; ++i)
      share += counts(static_cast<int>(i)) ? probability_[i] : 0;
    return share;
  }

  /// Adds the choice of class `index` to `sum`.
  void add(int index, Surprisal& sum) const {
    double entropy = 0, square = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (probability_[i] <= 0) continue;
      const double nats = -std::log(probability_[i]);
      entropy += probability_[i] * nats;
      square += probability_[i] * nats * nats;
    }
    const auto at = static_cast<std::size_t>(index);
    const bool may = at < size_ && probability_[at] > 0;
    sum.nats += may ? -std::log(probability_[at]) : impossible;
    sum.expected += entropy;
    sum.variance += square - entropy * entropy;
  }

 private:
  std::array<double, 128> probability_;
  std::size_t size_;
};

// Of something that happens with probability `chance`.
void add_chance(double chance, bool happened, Surprisal& sum) {
  const float odds[] = {static_cast<float>(std::log(chance)),
                        static_cast<float>(std::log1p(-chance))};
  Distribution(odds, [](int) { return true; }).add(happened ? 0 : 1, sum);
}

}  // namespace

// Whether an AI part has the next event at `earliest_`; where it does, the model is left at its
// voice.
void Partner::weigh_step(const Event* event, Surprisal& sum) {
  const auto of_ai = [&](int voice) {
    const auto slot = static_cast<std::size_t>(voice / 3);
    return slot < stream_.header().slots.size() && stream_.header().slots[slot].role == Role::ai;
  };
  const int shift = earliest_ - stream_.now();
  begin();
  const double now = Distribution(model_->logits(tokens::field_shift), [&](int s) {
                       return s >= shift;
                     }).share([&](int s) { return s == shift; });
  Event next;
  tokens::Rows rows;
  next.shift = static_cast<std::uint8_t>(shift);
  stream_.after_shift(next, rows);
  model_->condition(rows.view());
  const auto voices = model_->logits(tokens::field_voice);
  const auto allowed = [&](int v) { return voice_allowed(v, earliest_); };
  // Not quite certain, that nothing be impossible for rounding.
  const double chance = std::min(now * Distribution(voices, allowed).share(of_ai), 1 - 1e-9);
  if (event == nullptr && chance <= 0) return;
  add_chance(std::max(chance, 1e-300), event != nullptr, sum);
  if (event == nullptr) return;
  Distribution(voices, [&](int v) {
    return allowed(v) && of_ai(v);
  }).add(tokens::voice_of(*event), sum);
}

void Partner::weigh_fields(Event event, Surprisal& sum) {
  const bool tie = event.type == EventType::tie;
  event.shift = static_cast<std::uint8_t>(earliest_ - stream_.now());
  tokens::Rows rows;
  stream_.after_voice(event, rows);
  model_->condition(rows.view());
  const std::bitset<128> allowed = pitches_allowed(event.slot, tie, earliest_);
  Distribution(model_->logits(tokens::field_pitch), [&](int pitch) {
    return allowed.test(static_cast<std::size_t>(pitch));
  }).add(event.pitch, sum);
  stream_.after_pitch(event, rows);
  model_->condition(rows.view());
  Distribution(model_->logits(tokens::field_duration), [&](int steps) {
    return steps > 0 && earliest_ + steps <= last_end_;
  }).add(event.duration, sum);
}

double Partner::surprise(const TimedEvent& onset) {
  add_waits(onset.at);
  feed_news();
  begin();
  Event event = onset.event;
  event.shift = static_cast<std::uint8_t>(onset.at - stream_.now());
  tokens::Rows rows;
  stream_.after_shift(event, rows);
  model_->condition(rows.view());
  stream_.after_voice(event, rows);
  model_->condition(rows.view());
  Surprisal sum;
  Distribution(model_->logits(tokens::field_pitch), [&](int pitch) {
    return human_may(false, event.slot, pitch);
  }).add(event.pitch, sum);
  return sum.nats;
}

Surprisal Partner::weigh(std::span<const TimedEvent> events, std::int32_t until) {
  Surprisal sum;
  const auto wait = [&] {
    if (earliest_ - stream_.now() <= tokens::max_shift) return;
    add_waits(earliest_);
    feed_news();
    last_ai_.reset();
  };
  // Steps in which no AI part does anything.
  const auto rest = [&](std::int32_t end) {
    for (; earliest_ < end; ++earliest_) {
      wait();
      weigh_step(nullptr, sum);
    }
  };
  for (const auto& [at, event] : events) {
    rest(at);
    wait();
    if (at < earliest_) sum.nats = impossible;
    if (std::isfinite(sum.nats)) weigh_step(&event, sum);
    if (std::isfinite(sum.nats)) weigh_fields(event, sum);
    if (!std::isfinite(sum.nats)) return sum;
    record(at, event);
    last_ai_ = event;
  }
  rest(until);
  return sum;
}

}  // namespace antiphon::generate
