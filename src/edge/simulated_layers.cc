// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "base/random.h"
#include "edge/simulated_node.h"
#include "generate/split_improviser.h"

namespace antiphon::edge {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds never = nanoseconds::max();

class SimulatedLayers : public SimulatedEnd {
 public:
  SimulatedLayers(const SimulatedNode& node, const JamSetup& setup, const SimulatedCost& cost)
      : node_(node),
        cost_(cost),
        noise_(cost.seed),
        model_(node.shared.net, node.shared.cut,
               {node.shared.noise, [this] { return noise_.uniform(); }}),
        drafter_(node.shared.make_drafter()),
        improviser_(model_, *drafter_, setup.header, setup.sampling),
        middle_(node.shared.net, node.shared.cut),
        up_(node.network, EmulatedLink::Way::up, cost.seed),
        down_(node.network, EmulatedLink::Way::down, cost.seed) {
    improviser_.set_chart(setup.chart);
    wire::JoinLayers join{"", node.shared.sha256, node.shared.cut};
    send_up({}, join);
  }

  nanoseconds next() const override {
    nanoseconds next = never;
    if (!rising_.empty()) next = std::min(next, rising_.front().first);
    if (!falling_.empty()) next = std::min(next, falling_.front().first);
    if (!drawn_.empty()) next = std::min(next, drawn_.front().first);
    return next;
  }

  nanoseconds worked() const override { return node_worked_; }

  void tell(nanoseconds now, std::vector<Told>& told) override {
    for (const Told& one : told) {
      if (one.kind != Told::Kind::ask) {
        improviser_.tell(one);
        continue;
      }
      std::vector<Drafted> drafted;
      const auto messages = improviser_.ask(one, drafted);
      std::size_t steps = 0;
      for (const auto& message : messages) steps += message.times.size();
      now = work(now, steps + drafted.size());
      for (const auto& message : messages) send_up(now, wire::Steps{message, 0});
      give(now, std::move(drafted));
    }
    told.clear();
  }

  void advance(nanoseconds now, const Take& take) override {
    for (; !rising_.empty() && rising_.front().first <= now; rising_.pop_front()) {
      const auto up = wire::parse_up(rising_.front().second);
      assert(up.ok());
      if (const auto* steps = std::get_if<wire::Steps>(&*up)) serve(rising_.front().first, *steps);
    }
    for (; !falling_.empty() && falling_.front().first <= now; falling_.pop_front()) {
      const auto down = wire::parse_down(falling_.front().second);
      assert(down.ok());
      const auto& added = std::get<wire::Added>(*down);
      std::vector<Drafted> drafted;
      improviser_.hear(added.serial, added.rows, drafted);
      give(work(falling_.front().first, drafted.size()), std::move(drafted));
    }
    for (; !drawn_.empty() && drawn_.front().first <= now; drawn_.pop_front()) {
      for (const Drafted& one : drawn_.front().second) take(one);
    }
  }

 private:
  // The device is busy with one thing after the other; gives when it is done.
  nanoseconds work(nanoseconds now, std::size_t events) {
    free_ = std::max(now, free_) + cost_.step * events;
    return free_;
  }

  void give(nanoseconds at, std::vector<Drafted> drafted) {
    if (!drafted.empty()) drawn_.emplace_back(at, std::move(drafted));
  }

  void send_up(nanoseconds now, const wire::Up& message) {
    std::string bytes = wire::encode(message);
    if (node_.wire) node_.wire(EmulatedLink::Way::up, bytes);
    const auto at = up_.send(now, bytes.size());
    if (!at) return improviser_.reset_middle();  // The link broke, and is made again.
    left_.count(message);
    bytes_up_ += bytes.size();
    rising_.emplace_back(*at, std::move(bytes));
  }

  // What the node does with a message.
  void serve(nanoseconds now, const wire::Steps& message) {
    const generate::MiddleSteps& steps = message.steps;
    const nanoseconds work = node_.step * (steps.times.size() + steps.recalled.count);
    node_worked_ += work;
    node_free_ = std::max(now, node_free_) + work;
    // Told after what got lost with the link.
    if (steps.at > middle_.size() || steps.recalled.from + steps.recalled.count > middle_.held())
      return;
    middle_.rewind(steps.at);
    const wire::Added added{steps.serial,
                            middle_.run(steps.times, steps.rows, steps.wanted, steps.recalled)};
    if (steps.wanted == 0) return;
    std::string bytes = wire::encode(wire::Down(added));
    bytes_down_ += bytes.size();
    if (node_.wire) node_.wire(EmulatedLink::Way::down, bytes);
    if (const auto at = down_.send(node_free_, bytes.size()))
      falling_.emplace_back(*at, std::move(bytes));
  }

  const SimulatedNode node_;
  const SimulatedCost cost_;
  Random noise_;
  generate::SplitModel model_;
  const std::unique_ptr<generate::EventModel> drafter_;
  generate::SplitImproviser improviser_;
  nn::MiddleLayers middle_;
  EmulatedLink up_, down_;
  nanoseconds free_{}, node_free_{}, node_worked_{};
  std::deque<std::pair<nanoseconds, std::string>> rising_, falling_;
  std::deque<std::pair<nanoseconds, std::vector<Drafted>>> drawn_;
};

}  // namespace

std::unique_ptr<SimulatedEnd> simulate_layers(const SimulatedNode& node, const JamSetup& setup,
                                              const SimulatedCost& cost) {
  return std::make_unique<SimulatedLayers>(node, setup, cost);
}

}  // namespace antiphon::edge
