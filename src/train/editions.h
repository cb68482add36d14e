// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "music/originality.h"
#include "train/piece.h"

namespace antiphon::train {

/// The highest notes of a part; empty for drums.
std::vector<music::LineNote> line_of(const tokens::GridPart& part);

/// Finds other editions of pieces that are held out: the same music under another name, in another
/// corpus, in another key or for other instruments. Names can't tell (a movement of a symphony is
/// in one corpus by its opus number, in another by its nickname), the notes can.
///
/// Threads: `of` may be called from several at once.
class Editions {
 public:
  /// `held_out` are the pieces to find again.
  explicit Editions(const std::vector<Piece>& held_out);

  struct Match {
    std::string path;    ///< Of the held-out piece.
    std::size_t shared;  ///< Different stretches of sixteen notes that are in both.
    std::size_t of;      ///< Those of the shorter of the two.
  };
  /// The held-out piece of which `piece` is another edition: they share eight or more different
  /// stretches of sixteen notes (intervals and times between onsets alike), a twentieth of the
  /// shorter one's. The closest one, if there are several.
  std::optional<Match> of(const Piece& piece) const;

 private:
  struct HeldOut {
    std::string path;
    music::Stretches stretches;
  };
  std::vector<HeldOut> pieces_;
  music::Stretches all_;  ///< Of all pieces: most share nothing with any, and that is quick to see.
};

}  // namespace antiphon::train
