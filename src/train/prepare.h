// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace antiphon::train {

/// What `prepare` makes shards of.
struct PrepareOptions {
  std::filesystem::path corpora;   ///< Holds a folder a corpus.
  std::filesystem::path shards;    ///< Where the shards and the ledger go.
  std::filesystem::path held_out;  ///< Lists `CORPUS/path` a line; may be empty.
  std::vector<std::string> only;   ///< Corpora to take; empty: those of the clean mix that exist.
  int jobs = 2;
};

/// Reads the corpora and writes a shard for each corpus and split (`CORPUS.train.shard`,
/// `.validation.`, `.held-out.`), and for each corpus the ledger of its files, `CORPUS.ledger.tsv`.
/// A corpus whose files, rules and list are as they were is left as it is. One file in a hundred,
/// by work, goes to validation; other editions of what is held out go nowhere (`Editions`). `say`
/// is told of progress.
///
/// Threads: `jobs`, over the files of a corpus.
Status prepare(const PrepareOptions& options, const std::function<void(const std::string&)>& say);

}  // namespace antiphon::train
