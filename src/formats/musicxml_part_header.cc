// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "formats/instrument_names.h"
#include "formats/musicxml_part.h"
#include "formats/musicxml_values.h"

namespace antiphon::formats {
namespace {

using pugi::xml_node;

/// Whether a part's name can only mean one who sings; "alto" could be a saxophone's.
bool names_a_singer(std::string_view name) {
  constexpr std::string_view words[] = {"Voice", "Voix",   "Singstimme", "Stimme",
                                        "Voce",  "Gesang", "Chant",      "Canto"};
  return std::any_of(std::begin(words), std::end(words), [&](std::string_view word) {
    return name.find(word) != std::string_view::npos;
  });
}

}  // namespace

PartHeader read_part_header(const xml_node& score_part) {
  PartHeader header;
  header.name = one_line(score_part.child_value("part-name"));
  if (header.name.empty()) {
    header.name = one_line(score_part.child("part-name-display").child_value("display-text"));
  }
  std::string_view sound;
  for (const xml_node instrument : score_part.children("score-instrument")) {
    if (header.name.empty()) header.name = one_line(instrument.child_value("instrument-name"));
    if (sound.empty()) sound = instrument.child_value("instrument-sound");
  }
  for (const xml_node midi : score_part.children("midi-instrument")) {
    if (midi.child("midi-channel").text().as_int() == 10) header.percussion_channel = true;
    const int program = midi.child("midi-program").text().as_int();
    if (!header.program && program >= 1 && program <= 128) header.program = program - 1;
    const int key = midi.child("midi-unpitched").text().as_int();
    if (key >= 1 && key <= 128) {
      header.drum_keys.emplace(midi.attribute("id").value(), static_cast<std::uint8_t>(key - 1));
    }
  }
  if (header.percussion_channel) return header;
  // Editors play what is sung on oboes and the like; General MIDI has four voices, 52 to 54 and 85.
  const bool on_a_voice =
      header.program && ((*header.program >= 52 && *header.program <= 54) || *header.program == 85);
  const bool is_sung =
      sound.starts_with("voice.") || (!sound.empty() && names_a_singer(header.name));
  if (is_sung && !on_a_voice) header.program = 52;
  if (!header.program && !sound.empty()) header.program = program_of_name(sound);
  if (!header.program) header.program = program_of_name(header.name);
  return header;
}

}  // namespace antiphon::formats
