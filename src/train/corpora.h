// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "formats/format.h"
#include "tokens/vocabulary.h"

namespace antiphon::train {

/// What a corpus is, and how one of its files is judged: the data sets that shipped weights may be
/// trained on, and the care that each needs.
struct Corpus {
  std::string_view name;  ///< Also its folder.
  std::string_view extensions;
  std::string_view licence;      ///< Of every file, unless its index says otherwise.
  std::string_view attribution;  ///< Whom to name, likewise.
  tokens::Style style;           ///< Of a file that says nothing of itself.
  double weight;                 ///< How often its notes are drawn, against the other corpora's.
  bool by_default;               ///< Whether `prepare` takes it without being asked.
};

const std::vector<Corpus>& corpora();

/// Rows of an `index.tsv` by their first column; empty where there is none.
using Index = std::map<std::string, std::map<std::string, std::string>>;
Index read_index(const std::filesystem::path& path);

/// What is known of a file before its notes are looked at.
struct Verdict {
  std::string licence;
  std::string attribution;
  tokens::Style style = tokens::Style::unknown;
  std::string work;    ///< Files of one work stay in one split.
  std::string reason;  ///< Why it is left out; empty: it is kept.
};

/// Judges the file `path` (below the corpus's folder) by its name, its header and the index.
Verdict judge(const Corpus& corpus, const std::string& path, ByteView bytes, const Index& index);

/// Judges the music itself: the reason to leave it out, or empty.
std::string judge(const music::Score& score);

}  // namespace antiphon::train
