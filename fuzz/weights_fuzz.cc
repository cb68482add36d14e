// SPDX-License-Identifier: Apache-2.0
#include "demands.h"
#include "nn/event_net.h"
#include "nn/groove.h"

using namespace antiphon;

namespace {

/// One step gives logits for every field. Not where the context, which no tensor bounds, is long.
template <class Net>
void play(const std::shared_ptr<const Net>& net) {
  if (net->config().context > 64) return;
  auto session = nn::session_of(net);
  const std::uint16_t row = 0;
  const nn::Step step{{&row, 1}, 0};
  session.feed({&step, 1});
  session.begin();
  for (std::size_t field = 0; field < net->config().fields.size(); ++field)
    demand(session.logits(field).size() == net->config().fields[field].size);
}

void load_groove(std::string_view config, const nn::SafeTensors& weights) {
  const auto parsed = nn::GrooveConfig::parse(config);
  if (!parsed) return;
  demand(nn::GrooveConfig::parse(parsed->to_json())->to_json() == parsed->to_json());
  (void)nn::Groove::load(*parsed, weights);
}

}  // namespace

/// A model's folder from anywhere, its config.json up to a 0 and then its weights, is refused or
/// runs; loading takes memory by what the files are, not by what they say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const std::string_view config = input.substr(0, input.find('\0'));
  const ByteView bytes(data + std::min(size, config.size() + 1), data + size);
  const HeapLimit limit(std::size_t{64} << 20);
  const auto weights = nn::SafeTensors::parse(bytes, nullptr);
  if (!weights) return 0;
  if (nn::architecture_of(config) == nn::GrooveConfig::architecture) {
    load_groove(config, *weights);
  } else if (const auto net = nn::load_event_net(config, *weights)) {
    std::visit([](const auto& own) { play(own); }, *net);
  }
  return 0;
}
