// SPDX-License-Identifier: Apache-2.0
#include "antiphon/shaped_network.h"

#include <unistd.h>

#include <cstdio>
#include <numbers>

#include "antiphon/process.h"

namespace antiphon::app {
namespace {

using Words = std::vector<std::string>;

constexpr const char* line = "antiphon0";  // At both ends.

std::string number(double value, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, "%.4f%s", value, unit);
  return text;
}

// One end's outgoing half of the network. With a rate, netem keeps packets in order.
Words netem(const edge::NetworkProfile& profile, double mbit, bool out) {
  const auto half_ms = [](std::chrono::nanoseconds time, double by) {
    return std::chrono::duration<double, std::milli>(time).count() / by;
  };
  Words words = {"netem", "limit", "10000", "delay", number(half_ms(profile.round_trip, 2), "ms")};
  if (profile.jitter > std::chrono::nanoseconds{}) {
    const std::string jitter = number(half_ms(profile.jitter, std::numbers::sqrt2), "ms");
    words.insert(words.end(), {jitter, "distribution", "normal"});
  }
  words.insert(words.end(), {"loss", number(out ? 100 : profile.loss * 100, "%")});
  if (mbit > 0) words.insert(words.end(), {"rate", number(mbit, "mbit")});
  return words;
}

Words in_space(const std::string& space, const Words& words) {
  Words all = {"ip", "netns", "exec", space};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

}  // namespace

ShapedNetwork::ShapedNetwork(std::filesystem::path log)
    : log_(std::move(log)),
      node_("antiphon-node-" + std::to_string(::getpid())),
      player_("antiphon-player-" + std::to_string(::getpid())) {}

Result<std::unique_ptr<ShapedNetwork>> ShapedNetwork::make(const std::filesystem::path& log) {
  std::unique_ptr<ShapedNetwork> network(new ShapedNetwork(log));
  ANTIPHON_CHECK(network->build());
  return network;
}

ShapedNetwork::~ShapedNetwork() {
  // With a namespace goes its end of the line, and with that the other end.
  for (const std::string& space : {node_, player_}) (void)run({"ip", "netns", "del", space}, log_);
}

Status ShapedNetwork::build() {
  for (const std::string& space : {node_, player_})
    ANTIPHON_CHECK(run({"ip", "netns", "add", space}, log_));
  ANTIPHON_CHECK(run({"ip", "-n", node_, "link", "add", line, "type", "veth", "peer", "name", line,
                      "netns", player_},
                     log_));
  const std::string node_address = std::string(address) + "/30";
  for (const auto& [space, own] :
       {std::pair(node_, node_address.c_str()), std::pair(player_, "10.203.0.2/30")}) {
    ANTIPHON_CHECK(run({"ip", "-n", space, "address", "add", own, "dev", line}, log_));
    ANTIPHON_CHECK(run({"ip", "-n", space, "link", "set", line, "up"}, log_));
  }
  return shape(edge::network_profiles.front());
}

Status ShapedNetwork::shape(const edge::NetworkProfile& profile, bool out) {
  for (const auto& [space, mbit] :
       {std::pair(node_, profile.down_mbit), std::pair(player_, profile.up_mbit)}) {
    Words words = {"tc", "qdisc", "replace", "dev", line, "root"};
    const Words shaped = netem(profile, mbit, out);
    words.insert(words.end(), shaped.begin(), shaped.end());
    ANTIPHON_CHECK(run(in_space(space, words), log_));
  }
  return Done{};
}

Words ShapedNetwork::on(Host host, const Words& words) const {
  return in_space(host == Host::node ? node_ : player_, words);
}

}  // namespace antiphon::app
