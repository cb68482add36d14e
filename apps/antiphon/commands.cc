// SPDX-License-Identifier: Apache-2.0
#include "antiphon/commands.h"

namespace antiphon::app {

std::span<const Command> commands() {
  static constexpr Command table[] = {
      {"accompany", "Play with a melody, as if it were played live", accompany_command},
      {"jam", "Play with a player in time", jam_command},
      {"serve", "Play for others, over the network", serve_command},
      {"continue", "Go on with a score", continue_command},
      {"infill", "Fill bars given all that is around them", infill_command},
      {"harmonize", "Put three voices below a melody", harmonize_command},
      {"groove", "Make drums in a style", groove_command},
      {"humanize", "Play a score's drums as a human would", humanize_command},
      {"render", "Play a score into a WAV file", render_command},
      {"show", "Draw a score as a piano roll", show_command},
      {"convert", "Read a score in one format and write it in another", convert_command},
      {"evaluate", "Measure accompaniments", evaluate_command},
      {"atlas", "Measure how a device and a node share the work, over any network", atlas_command},
      {"bench", "Measure how jams are kept in time", bench_command},
      {"models", "List, show, verify and time models", models_command},
  };
  return table;
}

}  // namespace antiphon::app
