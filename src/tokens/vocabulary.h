// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "music/key.h"
#include "music/meter.h"

namespace antiphon::tokens {

/// Vocabulary 1: what a model can be told and what it can say.
///
/// A model step is a bag of rows of one embedding table; a `Table` is the run of rows that stands
/// for one property. What the model says of the next event are the `fields`, chosen in order; after
/// each choice it is told rows of a second table, the conditions. Nothing here may change without a
/// new version: weights name the vocabulary that they were trained with.
inline constexpr int vocabulary_version = 1;

inline constexpr int max_slots = 8;       ///< Parts that a model hears or plays at once.
inline constexpr int max_shift = 96;      ///< Steps between events; longer gaps take `wait` events.
inline constexpr int max_duration = 96;   ///< Steps a note; longer AI notes go on as ties.
inline constexpr int max_position = 192;  ///< Steps into a bar; later ones count as the last.

enum class EventType : std::uint8_t {
  note,     ///< An AI part's note with its duration.
  tie,      ///< An AI part's note that ends here sounds on.
  onset,    ///< A human part's note begins; nobody knows yet for how long.
  release,  ///< A human part's note ends.
  wait,     ///< `max_shift` steps in which nothing happens.
  end,      ///< The piece is over.
};

/// What the piece is, as far as is known.
enum class Style : std::uint8_t {
  unknown,
  song,
  hymn,
  sacred,
  dance,
  piano,
  guitar,
  organ,
  chamber,
  orchestral,
  popular,
  stage,
  drums
};
inline constexpr std::array<std::string_view, 13> style_names = {
    "unknown", "song",    "hymn",       "sacred",  "dance", "piano", "guitar",
    "organ",   "chamber", "orchestral", "popular", "stage", "drums"};
std::optional<Style> style_of(std::string_view name);

enum class Role : std::uint8_t { human, ai };

/// General MIDI programs, then these two.
inline constexpr int instrument_drums = 128;
inline constexpr int instrument_unknown = 129;

/// A run of rows. `row(i)` is bounded by the caller: i is in [0, size).
struct Table {
  std::string_view name;
  int first = 0;
  int size = 0;
  constexpr std::uint16_t row(int i) const { return static_cast<std::uint16_t>(first + i); }
  constexpr int end() const { return first + size; }
};

// The tables of a step's input, each after the one before it.
namespace input {
inline constexpr Table type{"type", 0, 8};  ///< start, part, then EventType.
inline constexpr Table slot{"slot", type.end(), max_slots};
inline constexpr Table role{"role", slot.end(), 2};
inline constexpr Table instrument{"instrument", role.end(), 130};
inline constexpr Table pitch{"pitch", instrument.end(), 128};
inline constexpr Table pitch_class{"pitch_class", pitch.end(), 12};
inline constexpr Table duration{"duration", pitch_class.end(), max_duration + 1};
inline constexpr Table velocity{"velocity", duration.end(), 17};
inline constexpr Table shift{"shift", velocity.end(), max_shift + 1};
inline constexpr Table position{"position", shift.end(), max_position + 1};  ///< Last: unknown.
inline constexpr Table meter{"meter", position.end(), 24};        ///< 0: unknown or rare.
inline constexpr Table key{"key", meter.end(), 31};               ///< 0: unknown.
inline constexpr Table tempo{"tempo", key.end(), 9};              ///< 0: unknown.
inline constexpr Table style{"style", tempo.end(), 24};           ///< 0: unknown.
inline constexpr Table density{"density", style.end(), 9};        ///< 0: unknown.
inline constexpr Table polyphony{"polyphony", density.end(), 5};  ///< 0: unknown.
inline constexpr Table human_sounding{"human_sounding", polyphony.end(), 12};
inline constexpr Table ai_sounding{"ai_sounding", human_sounding.end(), 12};
inline constexpr int rows = ai_sounding.end();
inline constexpr std::array all = {
    type,     slot,  role, instrument, pitch, pitch_class, duration,  velocity,       shift,
    position, meter, key,  tempo,      style, density,     polyphony, human_sounding, ai_sounding};
inline constexpr int type_start = 0;
inline constexpr int type_part = 1;
inline constexpr int type_event = 2;  ///< Plus EventType.
}  // namespace input

// The tables of the conditions between fields.
namespace condition {
inline constexpr Table shift{"shift", 0, max_shift + 1};
inline constexpr Table position{"position", shift.end(), max_position + 1};
inline constexpr Table meter{"meter", position.end(), 24};
inline constexpr Table human_sounding{"human_sounding", meter.end(), 12};
inline constexpr Table ai_sounding{"ai_sounding", human_sounding.end(), 12};
inline constexpr Table voice{"voice", ai_sounding.end(), max_slots * 3 + 2};
inline constexpr Table instrument{"instrument", voice.end(), 130};
inline constexpr Table role{"role", instrument.end(), 2};
inline constexpr Table key{"key", role.end(), 31};
inline constexpr Table previous_pitch{"previous_pitch", key.end(),
                                      129};  ///< Of the slot; last: none.
inline constexpr Table pitch{"pitch", previous_pitch.end(), 128};
inline constexpr Table pitch_class{"pitch_class", pitch.end(), 12};
inline constexpr Table duration{"duration", pitch_class.end(), max_duration + 1};
inline constexpr int rows = duration.end();
inline constexpr std::array all = {
    shift, position, meter,          human_sounding, ai_sounding, voice,   instrument,
    role,  key,      previous_pitch, pitch,          pitch_class, duration};
}  // namespace condition

/// What the model says of the next event, in this order. `voice` is slot and type in one:
/// slot * 3 + {0: note or onset, 1: release, 2: tie}, then wait and end.
enum Field : int {
  field_shift,
  field_voice,
  field_pitch,
  field_duration,
  field_velocity,
  field_count
};
struct FieldShape {
  std::string_view name;
  int size;
};
inline constexpr std::array<FieldShape, field_count> fields = {{{"shift", max_shift + 1},
                                                                {"voice", max_slots * 3 + 2},
                                                                {"pitch", 128},
                                                                {"duration", max_duration + 1},
                                                                {"velocity", 17}}};
inline constexpr int voice_wait = max_slots * 3;
inline constexpr int voice_end = max_slots * 3 + 1;

/// Rows of a step or a condition at the most: every table once and all sounding pitch classes.
inline constexpr int max_rows = 48;

/// Class of a meter in [0, 24): 0 where it is unknown or rare.
int meter_class(const std::optional<music::Meter>& meter);
/// Class of a key in [0, 31): 0 unknown, then majors and minors by fifths from -7.
int key_class(const std::optional<music::Key>& key);
/// Class of a tempo in quarters a minute, in [0, 9): 0 unknown.
int tempo_class(const std::optional<double>& bpm);

/// The vocabulary as the text of a `vocabulary.json`: what weights are checked against.
std::string vocabulary_json();

}  // namespace antiphon::tokens
