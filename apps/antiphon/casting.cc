// SPDX-License-Identifier: Apache-2.0
#include "antiphon/casting.h"

#include <algorithm>

#include "music/difficulty.h"
#include "music/instruments.h"
#include "music/melody.h"

namespace antiphon::app {
namespace {

// Notes an onset, as a class: keyboards, guitars and the harp play chords.
int usual_polyphony(int program) {
  const bool chords = program < 32 || program == 46;
  return chords ? 3 : 1;
}

}  // namespace

void add_casting_flags(CLI::App& flags, Casting& casting) {
  flags.add_option("--melody", casting.melody,
                   "The part that is listened to, by name or number from 1 (default: the one most "
                   "like a melody)");
  flags.add_option("--human", casting.human, "More parts that humans play")->delimiter(',');
  flags.add_option("--parts", casting.parts, "What Antiphon plays, such as piano,bass")
      ->delimiter(',')
      ->capture_default_str();
  flags
      .add_option(
          "--density", casting.density,
          "Onsets a quarter, kept to: 1 (below a quarter) to 8 (3 and more); 0 leaves it to "
          "the model (default: told 1 to 1.5)")
      ->check(CLI::Range(0, 8));
  flags
      .add_option("--polyphony", casting.polyphony,
                  "Notes an onset, kept to: 1 (one), 2 (below 2), 3 (2 to 3), 4 (3 and more); 0 "
                  "leaves it to the model (default: told what is usual for the instrument)")
      ->check(CLI::Range(0, 4));
  flags
      .add_option(
          "--difficulty", casting.difficulty,
          "No harder to play than 1 (on beats, three notes of the key at a time, each hand a "
          "fifth), 2 (halves of beats, four, an octave) or 3 (sixteenths and triplets, "
          "six of any key, a ninth); 0: without limits")
      ->check(CLI::Range(0, music::limited_levels))
      ->capture_default_str();
}

Result<std::vector<std::size_t>> human_parts(const music::Score& score, const Casting& casting) {
  std::vector<std::size_t> parts;
  if (casting.melody.empty()) {
    parts.push_back(music::most_melodic_part(score));
  } else {
    ANTIPHON_TRY(const std::size_t melody, music::find_part(score, casting.melody));
    parts.push_back(melody);
  }
  for (const std::string& name : casting.human) {
    ANTIPHON_TRY(const std::size_t part, music::find_part(score, name));
    parts.push_back(part);
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return parts;
}

Result<std::vector<generate::AiPart>> ai_parts(const Casting& casting) {
  std::vector<generate::AiPart> parts;
  for (const std::string& name : casting.parts) {
    const auto program = music::program_named(name);
    if (!program && name != "drums") {
      return Error{Errc::invalid_input,
                   "--parts: no instrument is called '" + name +
                       "'; give a General MIDI name, such as piano or Church Organ"};
    }
    const int density = casting.density.value_or(Casting::usual_density);
    const int usual = density > 0 && program ? usual_polyphony(*program) : 0;
    parts.push_back({program.value_or(tokens::instrument_drums), density,
                     casting.polyphony.value_or(usual), casting.density.has_value(),
                     casting.polyphony.has_value(), casting.difficulty});
  }
  return parts;
}

}  // namespace antiphon::app
