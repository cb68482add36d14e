// SPDX-License-Identifier: Apache-2.0
#include "antiphon/shared_model.h"

#include <cstdio>

#include "generate/net_model.h"

namespace antiphon::app {

void add_layer_flags(CLI::App& flags, LayerOptions& options) {
  flags
      .add_option("--layers", options.cut,
                  "Split by layers: FIRST or FIRST:LAST, the node's layers; this device runs those "
                  "before FIRST and from LAST on")
      ->capture_default_str();
  flags
      .add_option("--noise", options.noise,
                  "Split by layers: Gaussian noise that activations get before they leave, as a "
                  "share of their root mean square")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
}

Result<nn::Cut> parse_cut(const std::string& text, std::size_t layers) {
  int first = 0, last = static_cast<int>(layers), read = 0;
  const bool open = std::sscanf(text.c_str(), "%4d%n", &first, &read) == 1 &&
                    static_cast<std::size_t>(read) == text.size();
  const bool closed = std::sscanf(text.c_str(), "%4d:%4d%n", &first, &last, &read) == 2 &&
                      static_cast<std::size_t>(read) == text.size();
  if (!(open || closed) || first < 0 || first >= last || last > static_cast<int>(layers)) {
    return Error{Errc::invalid_input, "--layers: '" + text +
                                          "' isn't FIRST or FIRST:LAST with 0 <= FIRST < LAST <= " +
                                          std::to_string(layers)};
  }
  return nn::Cut{static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
}

Result<edge::SharedModel> share(const LoadedModel& model, const std::optional<LoadedModel>& drafter,
                                const LayerOptions& options) {
  const auto* const net = std::get_if<std::shared_ptr<const nn::Transformer>>(&model.net);
  if (net == nullptr) {
    return Error{Errc::unsupported,
                 model.name + " can't be shared by layers: only Transformers can"};
  }
  ANTIPHON_TRY(const nn::Cut cut, parse_cut(options.cut, (*net)->config().layers));
  if (!drafter) {
    return Error{Errc::invalid_input,
                 "a split by layers needs a small model that drafts on this device: --reflex"};
  }
  return edge::SharedModel{*net, model.sha256, cut, options.noise,
                           [small = drafter->net] { return generate::make_event_model(small); }};
}

}  // namespace antiphon::app
