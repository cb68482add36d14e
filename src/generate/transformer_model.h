// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "generate/event_model.h"
#include "nn/session.h"

namespace antiphon::generate {

/// Loads an event transformer from the three files of a model's folder, and checks that they fit
/// each other and this program's vocabulary. `weights` is borrowed for as long as `owner` lives.
/// Errors: which file, and what was expected.
Result<std::shared_ptr<const nn::Transformer>> load_event_transformer(
    std::string_view config, std::string_view vocabulary, ByteView weights,
    std::shared_ptr<const void> owner, nn::Type type);

/// An event transformer with a session of its own.
///
/// Threads: one. The transformer is shared and immutable.
class TransformerModel : public EventModel {
 public:
  explicit TransformerModel(std::shared_ptr<const nn::Transformer> transformer);

  std::size_t capacity() const override { return session_.capacity(); }
  std::size_t size() const override { return session_.size(); }
  void rewind(std::size_t size) override { session_.rewind(size); }
  void feed(std::span<const nn::Step> steps) override { session_.feed(steps); }
  void begin() override { session_.begin(); }
  std::span<const float> logits(int field) override {
    return session_.logits(static_cast<std::size_t>(field));
  }
  void condition(std::span<const std::uint16_t> rows) override { session_.condition(rows); }

 private:
  nn::Session session_;
};

}  // namespace antiphon::generate
