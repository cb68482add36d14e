// SPDX-License-Identifier: Apache-2.0
#include "train/shape.h"

#include "crypto/hash.h"
#include "tokens/vocabulary.h"

namespace antiphon::train {

Shape Shape::of(const nn::TransformerConfig& config) {
  return {config, config, Family::transformer};
}
Shape Shape::of(const nn::LstmConfig& config) { return {config, {}, Family::lstm}; }

nn::TransformerConfig Shape::transformer() const { return {*this, *this}; }
nn::LstmConfig Shape::lstm() const { return {*this}; }

Result<Shape> Shape::parse(std::string_view json) {
  if (nn::architecture_of(json) == nn::LstmConfig::architecture) {
    ANTIPHON_TRY(const nn::LstmConfig config, nn::LstmConfig::parse(json));
    return of(config);
  }
  ANTIPHON_TRY(const nn::TransformerConfig config, nn::TransformerConfig::parse(json));
  return of(config);
}

std::string Shape::to_json() const {
  return family == Family::lstm ? lstm().to_json() : transformer().to_json();
}

Status Shape::check() const {
  return family == Family::lstm ? lstm().check() : transformer().check();
}

Shape with_vocabulary(Shape shape, std::uint32_t hidden) {
  shape.input_rows = tokens::input::rows;
  shape.condition_rows = tokens::condition::rows;
  shape.fields.clear();
  for (const tokens::FieldShape& field : tokens::fields) {
    shape.fields.push_back(
        {std::string(field.name), static_cast<std::uint32_t>(field.size), hidden});
  }
  shape.vocabulary = crypto::sha256_hex(as_bytes(tokens::vocabulary_json()));
  return shape;
}

Shape edge_shape() {
  Shape shape;
  shape.dim = 256;
  shape.layers = 6;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_dim = 64;
  shape.ff = 704;
  shape.context = 512;
  shape.rotary = {16, 10000.0, 16, 1000.0};
  return shape;
}

Shape reflex_shape() {
  Shape shape;
  shape.family = Family::lstm;
  shape.dim = 256;
  shape.layers = 2;
  shape.context = 512;
  return shape;
}

}  // namespace antiphon::train
