// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "tokens/drum_grid.h"

namespace antiphon::train {

/// Two bars out of a performance.
struct GrooveWindow {
  tokens::DrumGrid grid;
  std::size_t style = 0;  ///< Index of `GrooveCorpus::styles`.
  float tempo = 120;      ///< Quarters a minute.
  /// Where it lies among the windows of its style, evenly spread over [-1, 1]: x by the number of
  /// hits; y by syncopation, among those with about as many hits.
  float x = 0, y = 0;
};

/// A file of the corpus, as the ledger has it.
struct GrooveFile {
  std::string path, sha256, split, style;
  std::size_t hits = 0;
  std::string left_out;  ///< Why; empty if it is used.
};

/// The Groove MIDI data set (Gillick et al. 2019): windows of two bars, a bar apart, of its
/// performances in 4/4 that are no fills. Its own split.
struct GrooveCorpus {
  std::vector<std::string> styles;  ///< Those of the training split, sorted.
  std::vector<GrooveWindow> train, validation, test;
  std::vector<GrooveFile> files;

  /// Reads info.csv and the files that it names. Windows in a style that isn't trained on are left
  /// out, and so are those with fewer than 4 hits or a silent bar.
  static Result<GrooveCorpus> read(const std::filesystem::path& folder);

  /// path, sha256, licence, notes, split, kept, reason, style: a line a file.
  std::string ledger() const;
};

/// Gives the windows of each style their x and y.
void place_on_plane(std::vector<GrooveWindow>& windows);

}  // namespace antiphon::train
