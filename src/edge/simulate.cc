// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "base/random.h"
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
  nanoseconds cost(nanoseconds step, nanoseconds draw) {
    return step * std::exchange(fed_, 0) + draw * std::exchange(drawn_, 0);
  }

 private:
  generate::EventModel& model_;
  std::size_t fed_ = 0, drawn_ = 0;
};

// An improviser whose work is done a while after it is begun.
class Worker {
 public:
  Worker(generate::EventModel& model, const JamSetup& setup, std::int32_t reach, nanoseconds step,
         nanoseconds draw)
      : model_(model),
        improviser_(model_, setup.header, setup.sampling, reach),
        step_(step),
        draw_(draw) {}

  nanoseconds done() const { return done_; }
  /// Gives what is done by `now`.
  template <class Take>
  void deliver(nanoseconds now, const Take& take) {
    if (done_ > now) return;
    for (const Drafted& drafted : work_) take(drafted);
    work_.clear();
    done_ = never;
  }
  void tell(std::vector<Told>& told) {
    for (const Told& one : told) improviser_.tell(one);
    told.clear();
  }
  /// Begins at `now` if there is something to do; `stall` says what it takes beyond the model's.
  template <class Stall>
  void begin(nanoseconds now, const Stall& stall) {
    if (done_ != never || !improviser_.busy()) return;
    improviser_.work(work_);
    done_ = now + model_.cost(step_, draw_) + stall();
  }

 private:
  MeteredModel model_;
  Improviser improviser_;
  nanoseconds step_, draw_;
  std::vector<Drafted> work_;
  nanoseconds done_ = never;
};

}  // namespace

Jam simulate(const Models& models, const JamSetup& setup, const SimulatedCost& cost,
             const Progress& progress) {
  Worker edge(*models.edge, setup, setup.reach, cost.step, cost.draw);
  std::optional<Worker> reflex;
  if (models.reflex != nullptr)
    reflex.emplace(*models.reflex, setup, setup.reflex_reach, cost.reflex, cost.reflex);
  Conductor conductor(setup.timeline, setup.header, setup.pace, setup.length,
                      models.reflex != nullptr);
  Random random(cost.seed);
  const auto stall = [&] {
    if (random.uniform() >= cost.stalls) return nanoseconds{};
    return nanoseconds(static_cast<std::int64_t>(random.uniform() *
                                                 static_cast<double>(cost.longest_stall.count())));
  };

  std::size_t played = 0;
  nanoseconds now = conductor.next(), shown{};
  bool stopped = false;
  while (!stopped) {
    nanoseconds next = std::min(conductor.next(), edge.done());
    if (reflex) next = std::min(next, reflex->done());
    if (played < setup.performer.size()) next = std::min(next, setup.performer[played].at);
    now = std::max(now, next);
    if (now >= setup.length) break;
    while (played < setup.performer.size() && setup.performer[played].at <= now)
      conductor.hear(setup.performer[played++]);
    edge.deliver(now, [&](const Drafted& one) { conductor.take(Model::edge, one, now); });
    if (reflex)
      reflex->deliver(now, [&](const Drafted& one) { conductor.take(Model::reflex, one, now); });
    conductor.advance(now);
    edge.tell(conductor.to_tell(Model::edge));
    if (reflex) reflex->tell(conductor.to_tell(Model::reflex));
    conductor.to_send().clear();
    edge.begin(now, stall);
    if (reflex) reflex->begin(now, [] { return nanoseconds{}; });
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
