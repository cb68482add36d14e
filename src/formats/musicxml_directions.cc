// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_directions.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "formats/musicxml_harmony.h"
#include "formats/musicxml_values.h"

namespace antiphon::formats {

using music::Ticks;
using pugi::xml_node;

namespace {

bool is_yes(const char* value) { return std::string_view(value) == "yes"; }

Ticks now(const Place& place) { return {std::llround(place.cursor)}; }

Ticks moved(const xml_node& offset, const Place& place) {
  const double by = offset.text().as_double() * Ticks::per_quarter / place.divisions;
  if (!(std::abs(by) <= max_bar)) return now(place);
  return {std::max<std::int64_t>(0, std::llround(place.cursor + by))};
}

std::optional<double> loudness_of(const xml_node& sound) {
  if (!sound.attribute("dynamics")) return std::nullopt;
  return sound.attribute("dynamics").as_double();
}

void keep_tempo(double quarters_a_minute, Ticks at, const Place& place, ReadingContext& context) {
  const Result<music::Tempo> tempo = music::Tempo::of(quarters_a_minute);
  if (tempo) {
    context.frame.tempos.push_back({place.bar, at, *tempo});
  } else {
    context.dropped.add("Tempos outside of 4 to 1000 quarters a minute are not kept.");
  }
}

/// "dotted quarter = 60"; of "60-66" or "c. 60" the first number counts.
void read_metronome(const xml_node& metronome, Ticks at, const Place& place,
                    ReadingContext& context) {
  double unit = 0;
  double dot = 0;
  for (const xml_node child : metronome.children()) {
    const std::string_view name = child.name();
    if (name == "beat-unit") {
      if (unit > 0) break;
      dot = unit = quarters_of_type(child.child_value());
    } else if (name == "beat-unit-dot") {
      dot /= 2;
      unit += dot;
    } else if (name == "per-minute") {
      const std::string_view text = child.child_value();
      const std::size_t digit = text.find_first_of("0123456789");
      if (unit > 0 && digit != text.npos) {
        return keep_tempo(unit * std::strtod(text.data() + digit, nullptr), at, place, context);
      }
    }
  }
  context.dropped.add("Metronome marks that equate two note values are not kept.");
}

}  // namespace

void read_direction(const xml_node& direction, const Place& place, ReadingContext& context,
                    Loudness& loudness) {
  Ticks at = now(place);
  const xml_node offset = direction.child("offset");
  if (offset && is_yes(offset.attribute("sound").value())) at = moved(offset, place);
  const xml_node sound = direction.child("sound");
  for (const xml_node type : direction.children("direction-type")) {
    for (const xml_node mark : type.children()) {
      const std::string_view name = mark.name();
      if (name == "dynamics") {
        loudness.mark(mark, at, loudness_of(sound));
      } else if (name == "metronome") {
        if (!sound.attribute("tempo")) read_metronome(mark, at, place, context);
      } else if (name == "wedge") {
        context.dropped.add("Crescendo and diminuendo hairpins are not kept.");
      } else if (name == "pedal") {
        context.dropped.add("Pedal marks are not kept.");
      }
    }
  }
  if (sound) read_sound(sound, at, place, context, loudness);
}

void read_sound(const xml_node& sound, Ticks at, const Place& place, ReadingContext& context,
                Loudness& loudness) {
  if (const xml_node offset = sound.child("offset")) at = moved(offset, place);
  if (sound.child("midi-instrument") || sound.child("instrument-change")) {
    context.dropped.add("Changes of instrument inside a part are not kept.");
  }
  BarFlow& flow = context.frame.flow[place.bar];
  for (const pugi::xml_attribute attribute : sound.attributes()) {
    const std::string_view name = attribute.name();
    if (name == "tempo") {
      keep_tempo(attribute.as_double(), at, place, context);
    } else if (name == "dynamics") {
      if (!sound.parent().child("direction-type").child("dynamics")) {
        loudness.set(attribute.as_double(), at);
      }
    } else if (name == "dacapo") {
      flow.da_capo = is_yes(attribute.value());
    } else if (name == "fine") {
      flow.fine = true;
    } else if (name == "dalsegno") {
      flow.dal_segno = context.labels.number(attribute.value());
    } else if (name == "segno") {
      flow.segno = context.labels.number(attribute.value());
    } else if (name == "tocoda") {
      flow.to_coda = context.labels.number(attribute.value());
    } else if (name == "coda") {
      flow.coda = context.labels.number(attribute.value());
    }
  }
}

void read_harmony(const xml_node& harmony, const Place& place, ReadingContext& context) {
  const xml_node offset = harmony.child("offset");
  std::string text = one_line(chord_text(harmony));
  if (text.empty()) {
    return context.dropped.add(
        "Chord symbols without a root, such as Roman numerals, are not kept.");
  }
  context.frame.chords.push_back(
      {place.bar, offset ? moved(offset, place) : now(place), std::move(text)});
}

void read_barline(const xml_node& barline, BarFlow& flow) {
  for (const xml_node child : barline.children()) {
    const std::string_view name = child.name();
    if (name == "repeat") {
      if (std::string_view(child.attribute("direction").value()) == "forward") {
        flow.forward_repeat = true;
      } else {
        flow.times = std::clamp(child.attribute("times").as_int(2), 2, 64);
      }
    } else if (name == "ending") {
      const std::string_view type = child.attribute("type").value();
      if (type == "start") {
        flow.ending_starts |= ending_numbers(child.attribute("number").value());
      } else {
        flow.ending_stops = true;
      }
    }
  }
}

}  // namespace antiphon::formats
