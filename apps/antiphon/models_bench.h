// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/result.h"
#include "nn/type.h"

namespace antiphon {

/// What `antiphon models bench` measures: a plain language model of this shape with random weights.
struct ModelsBenchOptions {
  std::uint32_t layers = 8;
  std::uint32_t dim = 384;
  std::uint32_t heads = 6;
  std::uint32_t kv_heads = 0;  ///< 0: as many as heads.
  std::uint32_t ff = 1024;
  std::uint32_t vocab = 1024;
  std::uint32_t context = 2048;
  std::uint32_t prompt = 512;    ///< Tokens of each sequence's prompt.
  std::uint32_t generate = 256;  ///< Tokens generated after it, in each sequence.
  nn::Type type = nn::Type::i8;
  std::uint32_t threads = 1;
  std::uint32_t batch =
      1;  ///< Sequences that play at once, each with a prompt and cache of its own.
};

/// Checks the model's logits, then times it, and measures the machine's limits in the same run.
/// `models_bench_text` says what is in the result.
///
/// Errors: a shape that is out of bounds, a prompt that doesn't fit the context, or numbers that
/// fail the check.
Result<nlohmann::ordered_json> run_models_bench(const ModelsBenchOptions& options);

/// The result for people.
std::string models_bench_text(const nlohmann::ordered_json& result);

}  // namespace antiphon
