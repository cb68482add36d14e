// SPDX-License-Identifier: Apache-2.0
#include "nn/event_net.h"

namespace antiphon::nn {
namespace {

template <class Net, class Config>
Result<EventNet> load(std::string_view text, const SafeTensors& weights, LoadOptions options) {
  ANTIPHON_TRY(const Config config, Config::parse(text));
  ANTIPHON_TRY(auto net, Net::load(config, weights, options));
  return EventNet(std::move(net));
}

bool names_lstm(std::string_view config) {
  return architecture_of(config) == LstmConfig::architecture;
}

}  // namespace

Status check_event_config(std::string_view config) {
  if (names_lstm(config)) {
    ANTIPHON_TRY([[maybe_unused]] const auto parsed, LstmConfig::parse(config));
  } else {
    ANTIPHON_TRY(const auto parsed, TransformerConfig::parse(config));
    if (parsed.bidirectional) {
      return Error{Errc::unsupported, "config.json: expected architecture event-transformer, got " +
                                          std::string(TransformerConfig::masked_architecture)};
    }
  }
  return Done{};
}

Result<EventNet> load_event_net(std::string_view config, const SafeTensors& weights,
                                LoadOptions options) {
  if (names_lstm(config)) return load<Lstm, LstmConfig>(config, weights, options);
  return load<Transformer, TransformerConfig>(config, weights, options);
}

const EventConfig& config_of(const EventNet& net) {
  return std::visit([](const auto& own) -> const EventConfig& { return own->config(); }, net);
}

const Kernels& kernels_of(const EventNet& net) {
  return std::visit([](const auto& own) -> const Kernels& { return own->kernels(); }, net);
}

}  // namespace antiphon::nn
