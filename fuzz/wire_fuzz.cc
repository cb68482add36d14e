// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "cloud/layer_seat.h"
#include "cloud/seat.h"
#include "generate/noisy_model.h"
#include "generate/small_net.h"
#include "wire/messages.h"

using namespace antiphon;

namespace {

[[noreturn]] void wrong() { std::abort(); }

}  // namespace

/// Whatever a peer sends, cut into messages by a byte of length each, is refused or played with; a
/// message that is taken is the same when it is sent again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  static const auto net = generate::small_net();
  std::optional<cloud::Seat> seat;
  std::optional<cloud::LayerSeat> layers;
  int frames = 0;
  while (!rest.empty()) {
    const auto length = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    const std::string_view message = rest.substr(0, length);
    rest.remove_prefix(message.size());
    if (const auto down = wire::parse_down(message)) {
      if (!wire::parse_down(wire::encode(*down))) wrong();
    }
    const auto up = wire::parse_up(message);
    if (!up) continue;
    const auto again = wire::parse_up(wire::encode(*up));
    if (!again || wire::encode(*again) != wire::encode(*up)) wrong();
    if (const auto* join = std::get_if<wire::Join>(&*up); join != nullptr && !seat) {
      seat.emplace(std::make_unique<generate::NoisyModel>(64), *join);
    } else if (const auto* tell = std::get_if<wire::Tell>(&*up); tell != nullptr && seat) {
      if (!seat->put(*tell)) return 0;
      seat->tell(seat->take());
      for (int i = 0; i < 2 && frames < 16; ++i, ++frames) seat->work();
    } else if (const auto* cut = std::get_if<wire::JoinLayers>(&*up); cut != nullptr && !layers) {
      if (auto made = cloud::LayerSeat::of(net, cut->cut)) layers.emplace(*std::move(made));
    } else if (const auto* steps = std::get_if<wire::Steps>(&*up); steps != nullptr && layers) {
      if (!layers->put(*steps)) return 0;
      for (const wire::Added& added : layers->work(layers->take())) {
        if (!wire::parse_down(wire::encode(wire::Down(added)))) wrong();
      }
    }
  }
  return 0;
}
