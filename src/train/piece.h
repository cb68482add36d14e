// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tokens/grid.h"
#include "tokens/vocabulary.h"

namespace antiphon::train {

/// One piece to learn from, ready for the models.
struct Piece {
  std::string path;  ///< Below the corpora's folder.
  tokens::Style style = tokens::Style::unknown;
  float weight = 1;  ///< How often it is drawn, against a piece of the same corpus and length.
  tokens::GridScore score;

  std::size_t notes() const;
  friend bool operator==(const Piece&, const Piece&) = default;
};

/// The pieces of one corpus that go to one use.
struct Shard {
  std::string corpus;
  std::string inputs;  ///< Hash of what the shard was made from: equal inputs make an equal shard.
  std::vector<Piece> pieces;
};

/// A shard as bytes: magic, version, the vocabulary's hash, then the pieces. Read on the kind of
/// machine that wrote it; a shard is a cache and is made again where it doesn't fit.
Bytes write_shard(const Shard& shard);

/// Errors: not a shard, another version or vocabulary, cut short.
Result<Shard> read_shard(ByteView bytes, std::string_view name);

/// `inputs` of a shard file without reading its pieces; empty if it isn't one of ours.
std::string inputs_of(const std::filesystem::path& path);

}  // namespace antiphon::train
