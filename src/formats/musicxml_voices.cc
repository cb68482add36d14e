// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_voices.h"

#include <algorithm>
#include <tuple>

namespace antiphon::formats {
namespace {

using music::Note;
using music::Ticks;

/// From long to short; ticks of the plain value.
constexpr std::pair<std::string_view, std::int64_t> values[] = {
    {"breve", 7680}, {"whole", 3840}, {"half", 1920}, {"quarter", 960}, {"eighth", 480},
    {"16th", 240},   {"32nd", 120},   {"64th", 60},   {"128th", 30},    {"256th", 15}};

}  // namespace

std::vector<Voice> voices_of(std::span<const Note> notes) {
  std::vector<Note> sorted(notes.begin(), notes.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const Note& a, const Note& b) {
    return std::tuple(a.onset, a.duration, a.pitch) < std::tuple(b.onset, b.duration, b.pitch);
  });
  std::vector<Voice> voices;
  for (std::size_t i = 0; i < sorted.size();) {
    Chord chord{sorted[i].onset, sorted[i].duration, {}};
    for (; i < sorted.size() && sorted[i].onset == chord.onset &&
           sorted[i].duration == chord.duration;
         ++i) {
      chord.notes.push_back(sorted[i]);
    }
    const auto free = std::find_if(voices.begin(), voices.end(), [&](const Voice& voice) {
      return voice.back().end() <= chord.onset;
    });
    if (free != voices.end()) {
      free->push_back(std::move(chord));
    } else {
      voices.push_back({std::move(chord)});
    }
  }
  return voices;
}

std::vector<NoteValue> note_values(Ticks duration) {
  for (const auto& [type, ticks] : values) {
    if (duration.count == ticks) return {{duration, type}};
    if (duration.count * 2 == ticks * 3) return {{duration, type, 1}};
    if (duration.count * 4 == ticks * 7) return {{duration, type, 2}};
    if (duration.count * 3 == ticks * 2) return {{duration, type, 0, true}};
  }
  std::vector<NoteValue> sum;
  Ticks rest = duration;
  const bool plain = duration.count % values[std::size(values) - 1].second == 0;
  for (const auto& [type, ticks] : values) {
    while (rest.count >= ticks && (plain || ticks >= 240)) {
      sum.push_back({{ticks}, type});
      rest -= Ticks{ticks};
    }
    const std::int64_t third = ticks * 2 / 3;
    if (!plain && ticks >= 120 && rest.count >= third) {
      sum.push_back({{third}, type, 0, true});
      rest -= Ticks{third};
    }
  }
  if (rest == Ticks{0}) return sum;
  return {{duration, ""}};
}

}  // namespace antiphon::formats
