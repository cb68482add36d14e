// SPDX-License-Identifier: Apache-2.0
#include "generate/net_model.h"

#include <utility>
#include <vector>

#include "generate/model_batch.h"
#include "tokens/vocabulary.h"

namespace antiphon::generate {
namespace {

Status check_fields(const nn::EventConfig& config) {
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

class LstmModel : public EventModel {
 public:
  explicit LstmModel(std::shared_ptr<const nn::Lstm> net) : session_(std::move(net)) {}

  std::size_t capacity() const override { return session_.capacity(); }
  std::size_t size() const override { return session_.size(); }
  void rewind(std::size_t size) override { session_.rewind(size); }
  void feed(std::span<const nn::Step> steps) override { dim_ = session_.feed(steps).size(); }
  void score(std::span<const nn::Step> steps) override {
    z_.resize(steps.size() * dim_);
    session_.score(steps, z_);
  }
  void begin(std::size_t back) override {
    if (back == 0) return session_.begin();
    session_.begin(std::span<const float>(z_).subspan(z_.size() - (1 + back) * dim_, dim_));
  }
  std::span<const float> logits(int field) override {
    return session_.logits(static_cast<std::size_t>(field));
  }
  void condition(std::span<const std::uint16_t> rows) override { session_.condition(rows); }

 private:
  nn::LstmSession session_;
  std::size_t dim_ = 0;
  std::vector<float> z_;  // Outputs of the backbone, [steps, dim], for what was scored last.
};

}  // namespace

Result<nn::EventNet> load_event_net(std::string_view config, std::string_view vocabulary,
                                    ByteView weights, std::shared_ptr<const void> owner,
                                    nn::Type type) {
  ANTIPHON_CHECK(nn::check_event_config(config));
  if (vocabulary != tokens::vocabulary_json()) {
    return Error{Errc::unsupported,
                 "vocabulary.json: not the vocabulary of this program (version " +
                     std::to_string(tokens::vocabulary_version) + ")"};
  }
  ANTIPHON_TRY(const nn::SafeTensors file, nn::SafeTensors::parse(weights, std::move(owner)));
  ANTIPHON_TRY(nn::EventNet net, nn::load_event_net(config, file, {type}));
  ANTIPHON_CHECK(check_fields(nn::config_of(net)));
  return net;
}

std::unique_ptr<EventModel> make_event_model(const nn::EventNet& net) {
  if (const auto* lstm = std::get_if<std::shared_ptr<const nn::Lstm>>(&net))
    return std::make_unique<LstmModel>(*lstm);
  return make_batched_model(net, false);
}

}  // namespace antiphon::generate
