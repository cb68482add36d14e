// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace antiphon::nn {

/// What turns queries and keys before they meet (Su et al. 2021). Of a head's dim / 2 pairs the
/// first `index_pairs` turn with the step's index in the context, the others with its musical time.
struct Rotary {
  std::uint32_t index_pairs = 0;
  double index_base = 10000.0;
  std::uint32_t time_pairs = 0;
  double time_base = 1000.0;
};

/// One of the choices that make up an event. With `hidden` = 0 it is a plain linear head.
struct Field {
  std::string name;
  std::uint32_t size = 0;
  std::uint32_t hidden = 0;
};

/// What the shapes of event models have in common: a step is summed from rows of a table, an event
/// is chosen field by field.
struct EventConfig {
  std::uint32_t dim = 0;
  std::uint32_t layers = 0;
  /// The most steps that a session holds.
  std::uint32_t context = 0;
  /// Rows of the table that a step's input is summed from.
  std::uint32_t input_rows = 0;
  /// Rows of the table that a choice of a field adds for the fields after it.
  std::uint32_t condition_rows = 0;
  std::vector<Field> fields;
  /// SHA-256 of the vocabulary that gives the rows their meaning; may be empty.
  std::string vocabulary;
};

/// What the blocks of a transformer are made of.
struct BlockConfig {
  bool bidirectional = false;  ///< Whether all steps of a pass see each other.
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t ff = 0;
  Rotary rotary;
};

/// The shape of a transformer: `config.json` beside the weights. An event transformer predicts what
/// follows the steps so far; a masked one, which is bidirectional, what is missing among them.
struct TransformerConfig : EventConfig, BlockConfig {
  static constexpr const char* architecture = "event-transformer";
  static constexpr const char* masked_architecture = "masked-transformer";

  /// Errors: says which value is missing, of a wrong kind or out of bounds.
  static Result<TransformerConfig> parse(std::string_view json);
  /// What `parse` reads.
  std::string to_json() const;
  /// That every value is in bounds and that they fit each other.
  Status check() const;

  /// Weights in all: tables, layers and heads.
  std::uint64_t parameters() const;

  /// A plain language model of Llama's shape: one table, one linear head, positions by index.
  static TransformerConfig plain(std::uint32_t layers, std::uint32_t dim, std::uint32_t heads,
                                 std::uint32_t kv_heads, std::uint32_t ff, std::uint32_t vocabulary,
                                 std::uint32_t context);
};

/// The shape of an event LSTM: as many cells a layer as the model is wide. Its functions are those
/// of a transformer's shape.
struct LstmConfig : EventConfig {
  static constexpr const char* architecture = "event-lstm";

  static Result<LstmConfig> parse(std::string_view json);
  std::string to_json() const;
  Status check() const;
  std::uint64_t parameters() const;
};

/// The architecture that a `config.json` names; empty if it names none.
std::string architecture_of(std::string_view json);

}  // namespace antiphon::nn
