// SPDX-License-Identifier: Apache-2.0
#include "generate/transformer_model.h"

#include <utility>

#include "tokens/vocabulary.h"

namespace antiphon::generate {
namespace {

Status check_fields(const nn::TransformerConfig& config) {
  bool same = config.fields.size() == tokens::fields.size() &&
              config.input_rows == tokens::input::rows &&
              config.condition_rows == tokens::condition::rows;
  for (std::size_t i = 0; same && i < tokens::fields.size(); ++i) {
    same = config.fields[i].name == tokens::fields[i].name &&
           config.fields[i].size == static_cast<std::uint32_t>(tokens::fields[i].size);
  }
  if (same) return Done{};
  return Error{Errc::invalid_input,
               "config.json: its rows and fields are not those of vocabulary " +
                   std::to_string(tokens::vocabulary_version)};
}

}  // namespace

Result<std::shared_ptr<const nn::Transformer>> load_event_transformer(
    std::string_view config_text, std::string_view vocabulary, ByteView weights,
    std::shared_ptr<const void> owner, nn::Type type) {
  ANTIPHON_TRY(const nn::TransformerConfig config, nn::TransformerConfig::parse(config_text));
  if (vocabulary != tokens::vocabulary_json()) {
    return Error{Errc::unsupported,
                 "vocabulary.json: not the vocabulary of this program (version " +
                     std::to_string(tokens::vocabulary_version) + ")"};
  }
  ANTIPHON_CHECK(check_fields(config));
  ANTIPHON_TRY(const nn::SafeTensors file, nn::SafeTensors::parse(weights, std::move(owner)));
  return nn::Transformer::load(config, file, {type});
}

TransformerModel::TransformerModel(std::shared_ptr<const nn::Transformer> transformer)
    : session_(std::move(transformer)) {}

}  // namespace antiphon::generate
