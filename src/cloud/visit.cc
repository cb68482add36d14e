// SPDX-License-Identifier: Apache-2.0
#include "cloud/visit.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "cloud/layer_node.h"
#include "cloud/node.h"

namespace antiphon::cloud {
namespace {

// Far more than people play, and what somebody who comes back has to tell at once.
constexpr double events_a_second = 400, most_events = 8000;

// As many questions as two seconds bring may come at once.
Allowance allowed_questions(double a_second) { return {a_second, std::max(2 * a_second, 1.0)}; }

double steady_seconds() {
  return std::chrono::duration<double>(Node::Clock::now().time_since_epoch()).count();
}

}  // namespace

Visit::Visit(Node& node, LayerNode* layers, Door& door, const Log& log, std::string peer, Send send)
    : node_(node),
      layers_(layers),
      door_(door),
      log_(log),
      peer_(std::move(peer)),
      send_(std::move(send)),
      questions_(allowed_questions(usual_questions_a_second)),
      events_(events_a_second, most_events) {}

Visit::~Visit() {
  if (!joined()) return;
  if (player_) node_.leave(*player_);
  if (sharer_) layers_->leave(*sharer_);
  log_("left", {{"peer", peer_}});
}

Status Visit::hear(std::string_view message) {
  ANTIPHON_TRY(const wire::Up up, wire::parse_up(message));
  return std::visit([this](const auto& one) { return take(one); }, up);
}

Status Visit::take(const wire::Join& join) {
  ANTIPHON_CHECK(admit(join.token));
  ANTIPHON_TRY(player_, node_.join(join, send_));
  log_("joined", {{"peer", peer_},
                  {"token", std::to_string(ticket_.token())},
                  {"parts", std::to_string(join.header.slots.size())}});
  greet();
  return Done{};
}

Status Visit::take(const wire::JoinLayers& join) {
  ANTIPHON_CHECK(admit(join.token));
  if (layers_ == nullptr) return Error{Errc::unsupported, "the model isn't shared by layers here"};
  ANTIPHON_TRY(sharer_, layers_->join(join, send_));
  log_("joined",
       {{"peer", peer_},
        {"token", std::to_string(ticket_.token())},
        {"layers", std::to_string(join.cut.first) + ":" + std::to_string(join.cut.last)}});
  greet();
  return Done{};
}

Status Visit::admit(const std::string& token) {
  if (joined()) return Error{Errc::invalid_input, "has joined already"};
  ANTIPHON_TRY(ticket_, door_.let_in(token));
  questions_ = allowed_questions(ticket_.questions_a_second());
  return Done{};
}

void Visit::greet() {
  send_(wire::encode(wire::Down(wire::Joined{node_.options().model, node_.options().weights})));
}

Status Visit::take(const wire::Steps& steps) {
  if (!sharer_) return Error{Errc::invalid_input, "expected to be joined by layers first"};
  const std::size_t count = steps.steps.times.size() + steps.steps.recalled.count;
  if (!events_.take(static_cast<double>(count), steady_seconds()))
    return Error{Errc::out_of_range, "more events than anybody plays"};
  return layers_->tell(*sharer_, steps);
}

Status Visit::take(const wire::Tell& tell) {
  if (!player_) return Error{Errc::invalid_input, "expected to be joined first"};
  const double now = steady_seconds();
  if (!events_.take(static_cast<double>(tell.events.size()), now))
    return Error{Errc::out_of_range, "more events than anybody plays"};
  if (!tell.ask || questions_.take(1, now)) return node_.tell(*player_, tell);
  // More than its token allows: it is heard, but not answered.
  send_(wire::encode(wire::Down(wire::Late{tell.ask->request})));
  return node_.tell(*player_, {tell.events, {}});
}

Status Visit::take(const wire::Ping& ping) {
  send_(wire::encode(wire::Down(ping)));
  return Done{};
}

std::string refusal(const std::string& reason) {
  return wire::encode(wire::Down(wire::Refused{reason}));
}

std::size_t longest_message() { return wire::largest_message; }

void end_visits(Node& node, LayerNode* layers) {
  node.clear();
  if (layers != nullptr) layers->clear();
}

}  // namespace antiphon::cloud
