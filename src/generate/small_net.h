// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests: a real transformer of this program's vocabulary, small and untrained.

#include <memory>
#include <string>

#include "nn/transformer.h"
#include "tokens/vocabulary.h"

namespace antiphon::generate {

inline std::shared_ptr<const nn::Transformer> small_net(std::uint64_t seed = 1,
                                                        nn::Type type = nn::Type::f32) {
  nn::TransformerConfig c;
  c.dim = 32;
  c.layers = 3;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_dim = 16;
  c.ff = 48;
  c.context = 128;
  c.rotary = {4, 10000.0, 4, 1000.0};
  c.input_rows = tokens::input::rows;
  c.condition_rows = tokens::condition::rows;
  for (const auto& field : tokens::fields)
    c.fields.push_back({std::string(field.name), static_cast<std::uint32_t>(field.size), 0});
  return *nn::Transformer::random(c, seed, {type});
}

}  // namespace antiphon::generate
