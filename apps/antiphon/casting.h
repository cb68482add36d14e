// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "generate/duet.h"
#include "music/score.h"

namespace antiphon::app {

/// Who plays what: parts of a score that humans play, and those that Antiphon adds.
struct Casting {
  std::string melody;
  std::vector<std::string> human;
  std::vector<std::string> parts = {"piano"};
  // Without a wish, now and then a performance stays silent, as some parts of scores do.
  static constexpr int usual_density = 5;
  std::optional<int> density, polyphony;  ///< What is asked for is kept to.
  int difficulty = 0;                     ///< As in `AiPart`.
};

void add_casting_flags(CLI::App& flags, Casting& casting);

/// The melody and whoever else is named, as indices in the order of the score. Errors: no such
/// part.
Result<std::vector<std::size_t>> human_parts(const music::Score& score, const Casting& casting);

/// What Antiphon plays. Errors: an instrument that nobody knows.
Result<std::vector<generate::AiPart>> ai_parts(const Casting& casting);

}  // namespace antiphon::app
