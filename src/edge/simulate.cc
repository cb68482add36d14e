// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "base/random.h"
#include "edge/simulated_node.h"
#include "wire/messages.h"

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
  void score(std::span<const nn::Step> steps) override {
    fed_ += steps.size();
    model_.score(steps);
  }
  void begin(std::size_t back) override {
    ++drawn_;
    model_.begin(back);
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

// An improviser whose work is done a while after it is begun. For a baseline's scheduler it answers
// as a server does: every request, one after another, with what was true at the time of each,
// whole, and a round trip later.
class Worker {
 public:
  Worker(generate::EventModel& model, const JamSetup& setup, std::int32_t reach, nanoseconds step,
         nanoseconds draw)
      : model_(model),
        improviser_(model_, setup.header, setup.sampling, reach),
        step_(step),
        draw_(draw),
        baseline_(setup.baseline) {}

  void set_chart(const generate::Chart& chart) { improviser_.set_chart(chart); }

  nanoseconds next() const { return done_; }
  nanoseconds worked() const { return worked_; }
  /// Gives what is done by `now`.
  template <class Take>
  void deliver(nanoseconds now, const Take& take) {
    if (done_ > now) return;
    done_ = never;
    take(work_);
    work_.clear();
  }
  void tell(std::vector<Told>& told) {
    if (baseline_) {
      waiting_.insert(waiting_.end(), told.begin(), told.end());
    } else {
      for (const Told& one : told) improviser_.tell(one);
    }
    told.clear();
  }
  /// Begins at `now` if there is something to do; `stall` says what it takes beyond the model's.
  template <class Stall>
  void begin(nanoseconds now, const Stall& stall) {
    if (done_ != never) return;
    for (; !waiting_.empty() && !improviser_.busy(); waiting_.pop_front())
      improviser_.tell(waiting_.front());
    if (!improviser_.busy()) return;
    do {
      improviser_.work(work_);
    } while (baseline_ && improviser_.busy());
    const nanoseconds cost = model_.cost(step_, draw_);
    worked_ += cost;
    done_ = now + cost + stall();
    if (baseline_) done_ += baseline_->round_trip;
  }

 private:
  MeteredModel model_;
  Improviser improviser_;
  nanoseconds step_, draw_;
  std::optional<FixedInterval> baseline_;
  std::deque<Told> waiting_;  // For the answers before.
  std::vector<Drafted> work_;
  nanoseconds done_ = never, worked_{};
};

// A worker at the other end of a network.
class FarWorker : public SimulatedEnd {
 public:
  FarWorker(const SimulatedNode& node, const JamSetup& setup, std::uint64_t seed)
      : wire_(node.wire),
        worker_(*node.model, setup, setup.reach, node.step, node.step),
        up_(node.network, EmulatedLink::Way::up, seed),
        down_(node.network, EmulatedLink::Way::down, seed) {}

  nanoseconds next() const override {
    nanoseconds next = worker_.next();
    if (!rising_.empty()) next = std::min(next, rising_.front().at);
    if (!falling_.empty()) next = std::min(next, falling_.front().at);
    return next;
  }

  void tell(nanoseconds now, std::vector<Told>& told) override {
    std::erase_if(told, [](const Told& one) { return one.kind == Told::Kind::control; });
    if (told.empty()) return;
    told.insert(told.begin(), missed_.begin(), missed_.end());
    missed_.clear();
    wire::Tell message;
    std::vector<generate::DrawnChoice> drafted;
    for (const Told& one : told) {
      if (one.kind == Told::Kind::event) message.events.push_back(one.event);
      if (one.kind == Told::Kind::drawn) drafted.push_back(one.drawn);
      if (one.kind == Told::Kind::ask)
        message.ask = wire::Ask{
            one.from,    one.request, one.within_us, one.reach, std::exchange(drafted, {}),
            one.foretold};
    }
    if (!told.empty()) {
      const std::string bytes = wire::encode(wire::Up(message));
      if (wire_) wire_(EmulatedLink::Way::up, bytes);
      if (const auto at = up_.send(now, bytes.size())) {
        bytes_up_ += bytes.size();
        left_.count(message);
        rising_.push_back({*at, std::move(told)});
      } else {
        // Who comes back is told what it missed, as far as `NodeLink` remembers it.
        std::copy_if(told.begin(), told.end(), std::back_inserter(missed_),
                     [](const Told& one) { return one.kind == Told::Kind::event; });
        constexpr std::size_t remembered = 4096;
        if (missed_.size() > remembered) missed_.erase(missed_.begin(), missed_.end() - remembered);
      }
    }
    told.clear();
  }

  void advance(nanoseconds now, const Take& take) override {
    for (; !rising_.empty() && rising_.front().at <= now; rising_.pop_front())
      worker_.tell(rising_.front().what);
    worker_.deliver(now, [&](std::vector<Drafted>& work) { send(now, work); });
    worker_.begin(now, [] { return nanoseconds{}; });
    for (; !falling_.empty() && falling_.front().at <= now; falling_.pop_front()) {
      for (const Drafted& drafted : falling_.front().what) take(drafted);
    }
  }

  nanoseconds worked() const override { return worker_.worked(); }

 private:
  template <class What>
  struct Message {
    nanoseconds at{};
    std::vector<What> what;
  };

  void send(nanoseconds now, std::vector<Drafted>& work) {
    if (work.empty()) return;
    const std::string bytes = wire::encode(wire::answer_of(work));
    bytes_down_ += bytes.size();
    if (wire_) wire_(EmulatedLink::Way::down, bytes);
    if (const auto at = down_.send(now, bytes.size())) falling_.push_back({*at, std::move(work)});
    work.clear();
  }

  const std::function<void(EmulatedLink::Way, std::string_view)> wire_;
  Worker worker_;
  EmulatedLink up_, down_;
  std::deque<Message<Told>> rising_;
  std::vector<Told> missed_;
  std::deque<Message<Drafted>> falling_;
};

std::unique_ptr<SimulatedEnd> end_of(const SimulatedNode& node, const JamSetup& setup,
                                     const SimulatedCost& cost) {
  const collab::Wishes& wishes = setup.node.wishes;
  if (!collab::node_takes_part(wishes)) return nullptr;
  if (collab::by_layers(wishes))
    return node.shared.net ? simulate_layers(node, setup, cost) : nullptr;
  if (node.model == nullptr) return nullptr;
  return std::make_unique<FarWorker>(node, setup, cost.seed);
}

}  // namespace

Jam simulate(const Models& models, const JamSetup& setup, const SimulatedCost& cost,
             const Progress& progress, const SimulatedNode& node) {
  // Those a conductor talks to: where a baseline asks, nobody else is there.
  const bool alone = setup.baseline.has_value();
  const std::unique_ptr<SimulatedEnd> cloud = end_of(node, setup, cost);
  std::optional<Worker> edge, reflex;
  if (models.edge != nullptr && !(alone && cloud))
    edge.emplace(*models.edge, setup, setup.edge_reach(models.reflex != nullptr), cost.step,
                 cost.draw);
  if (models.reflex != nullptr && !alone)
    reflex.emplace(*models.reflex, setup, setup.reflex_reach, cost.reflex, cost.reflex);
  if (edge) edge->set_chart(setup.chart);
  if (reflex) reflex->set_chart(setup.chart);
  const Crew crew = {cloud != nullptr, edge.has_value(), reflex.has_value()};
  live::Timeline timeline = setup.timeline;
  Conductor conductor(timeline, setup.header, setup.pace, setup.length, crew,
                      scheduler_of(setup, timeline, crew));
  conductor.finish_at(setup.last_step);
  Random random(cost.seed);
  const auto stall = [&] {
    if (random.uniform() >= cost.stalls) return nanoseconds{};
    return nanoseconds(static_cast<std::int64_t>(random.uniform() *
                                                 static_cast<double>(cost.longest_stall.count())));
  };
  const auto no_stall = [] { return nanoseconds{}; };

  std::size_t played = 0, wished = 0;
  nanoseconds now = std::min(conductor.next(), nanoseconds{}), shown{};
  bool stopped = false;
  while (!stopped) {
    nanoseconds next = conductor.next();
    if (cloud) next = std::min(next, cloud->next());
    if (edge) next = std::min(next, edge->next());
    if (reflex) next = std::min(next, reflex->next());
    if (played < setup.performer.size()) next = std::min(next, setup.performer[played].at);
    now = std::max(now, next);
    if (now >= conductor.ends()) break;
    for (; wished < setup.controls.size() && setup.controls[wished].at <= conductor.frame_start();
         ++wished)
      conductor.wish(setup.controls[wished].control);
    while (played < setup.performer.size() && setup.performer[played].at <= now)
      conductor.hear(setup.performer[played++]);
    const auto from = [&](Model model) {
      return [&conductor, model, now](std::vector<Drafted>& work) {
        for (const Drafted& drafted : work) conductor.take(model, drafted, now);
      };
    };
    if (cloud)
      cloud->advance(now, [&](const Drafted& one) { conductor.take(Model::cloud, one, now); });
    if (edge) edge->deliver(now, from(Model::edge));
    if (reflex) reflex->deliver(now, from(Model::reflex));
    conductor.advance(now);
    if (cloud) cloud->tell(now, conductor.to_tell(Model::cloud));
    if (edge) edge->tell(conductor.to_tell(Model::edge));
    if (reflex) reflex->tell(conductor.to_tell(Model::reflex));
    conductor.to_send().clear();
    if (edge) edge->begin(now, stall);
    if (reflex) reflex->begin(now, no_stall);
    if (progress && now - shown > std::chrono::seconds(1)) {
      shown = now;
      stopped =
          !progress(static_cast<double>(now.count()) / static_cast<double>(setup.length.count()));
    }
  }
  conductor.end(std::min(now, conductor.ends()));
  Jam jam{timeline, conductor.frames(), conductor.notes(), conductor.heard(), {}, false, false,
          stopped,  conductor.plans()};
  if (cloud) {
    jam.bytes_up = cloud->bytes_up();
    jam.bytes_down = cloud->bytes_down();
    jam.node_work = cloud->worked();
    jam.left = cloud->left();
  }
  return jam;
}

}  // namespace antiphon::edge
