// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/random.h"
#include "edge/improviser.h"
#include "edge/jam.h"

namespace antiphon::edge {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds never = nanoseconds::max();

// Counts what a model is asked to do.
class MeteredModel : public generate::EventModel {
 public:
  explicit MeteredModel(generate::EventModel& model) : model_(model) {}

  std::size_t capacity() const override { return model_.capacity(); }
  std::size_t size() const override { return model_.size(); }
  void rewind(std::size_t size) override { model_.rewind(size); }
  void feed(std::span<const nn::Step> steps) override {
    fed_ += steps.size();
    model_.feed(steps);
  }
  void begin() override {
    ++drawn_;
    model_.begin();
  }
  std::span<const float> logits(int field) override { return model_.logits(field); }
  void condition(std::span<const std::uint16_t> rows) override { model_.condition(rows); }

  // Since the last call.
  nanoseconds cost(const SimulatedCost& cost) {
    return cost.step * std::exchange(fed_, 0) + cost.draw * std::exchange(drawn_, 0);
  }

 private:
  generate::EventModel& model_;
  std::size_t fed_ = 0, drawn_ = 0;
};

}  // namespace

Jam simulate(generate::EventModel& model, const JamSetup& setup, const SimulatedCost& cost,
             const Progress& progress) {
  MeteredModel metered(model);
  Improviser improviser(metered, setup.header, setup.sampling, setup.reach);
  Conductor conductor(setup.timeline, setup.header, setup.pace, setup.length);
  Random random(cost.seed);

  std::vector<Drafted> work;  // Done by `done`.
  nanoseconds done = never;
  std::size_t played = 0;
  nanoseconds now = conductor.next(), shown{};
  bool stopped = false;
  const auto start_work = [&] {
    if (done != never || !improviser.busy()) return;
    improviser.work(work);
    nanoseconds took = metered.cost(cost);
    if (random.uniform() < cost.stalls) {
      took += nanoseconds(static_cast<std::int64_t>(
          random.uniform() * static_cast<double>(cost.longest_stall.count())));
    }
    done = now + took;
  };

  while (!stopped) {
    nanoseconds next = conductor.next();
    next = std::min(next, done);
    if (played < setup.performer.size()) next = std::min(next, setup.performer[played].at);
    now = std::max(now, next);
    if (now >= setup.length) break;
    while (played < setup.performer.size() && setup.performer[played].at <= now)
      conductor.hear(setup.performer[played++]);
    if (done <= now) {
      for (const Drafted& drafted : work) conductor.take(drafted, now);
      work.clear();
      done = never;
    }
    conductor.advance(now);
    for (const Told& told : conductor.to_tell()) improviser.tell(told);
    conductor.to_tell().clear();
    conductor.to_send().clear();
    start_work();
    if (progress && now - shown > std::chrono::seconds(1)) {
      shown = now;
      stopped =
          !progress(static_cast<double>(now.count()) / static_cast<double>(setup.length.count()));
    }
  }
  conductor.end(std::min(now, setup.length));
  return {setup.timeline, conductor.frames(), conductor.notes(), conductor.heard(), {}, false,
          stopped};
}

}  // namespace antiphon::edge
