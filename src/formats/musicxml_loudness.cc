// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_loudness.h"

#include <algorithm>
#include <cmath>

namespace antiphon::formats {
namespace {

struct Mark {
  std::string_view name;
  std::uint8_t level;   ///< What holds on; zero for marks that concern one beat.
  std::uint8_t accent;  ///< Zero for marks that hold on.
};

constexpr Mark marks[] = {
    {"pppppp", 5, 0}, {"ppppp", 8, 0},  {"pppp", 10, 0},   {"ppp", 16, 0},    {"pp", 33, 0},
    {"p", 49, 0},     {"mp", 64, 0},    {"mf", 80, 0},     {"f", 96, 0},      {"ff", 112, 0},
    {"fff", 126, 0},  {"ffff", 127, 0}, {"n", 1, 0},       {"pf", 96, 0},     {"sf", 0, 112},
    {"sfz", 0, 112},  {"fz", 0, 112},   {"sffz", 0, 126},  {"rf", 0, 112},    {"rfz", 0, 112},
    {"fp", 49, 96},   {"sfp", 49, 112}, {"sfzp", 49, 112}, {"sfpp", 33, 112},
};

std::uint8_t velocity_of(double percent) {
  if (!(percent >= 0)) return music::Note::default_velocity;
  return static_cast<std::uint8_t>(std::lround(std::clamp(percent * 0.9, 1.0, 127.0)));
}

}  // namespace

void Loudness::mark(const pugi::xml_node& dynamics, music::Ticks at, std::optional<double> sound) {
  for (const pugi::xml_node child : dynamics.children()) {
    const std::string_view name = child.name();
    for (const Mark& each : marks) {
      if (each.name != name) continue;
      known_ = true;
      // The file's own figure is finer than the table, but only says how loud a mark holds on.
      const bool own = sound && each.accent == unset;
      events_.push_back({at, own ? velocity_of(*sound) : each.level, each.accent});
      return;
    }
  }
  if (sound) set(*sound, at);
}

void Loudness::set(double percent, music::Ticks at) {
  known_ = true;
  events_.push_back({at, velocity_of(percent), unset});
}

std::uint8_t Loudness::of_note(double percent) {
  known_ = true;
  return velocity_of(percent);
}

void Loudness::apply(std::span<WrittenNote> notes) {
  std::stable_sort(events_.begin(), events_.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
  // Grace notes may push a note a little behind its mark.
  constexpr music::Ticks beside{music::Ticks::per_quarter / 4};
  std::uint8_t level = level_;
  for (Event& event : events_) {
    if (event.level == unset) event.level = level;
    level = event.level;
  }
  for (WrittenNote& note : notes) {
    if (note.velocity != unset) continue;
    const auto after =
        std::upper_bound(events_.begin(), events_.end(), note.at,
                         [](music::Ticks at, const Event& event) { return at < event.at; });
    if (after == events_.begin()) {
      note.velocity = level_;
      continue;
    }
    const Event& last = *(after - 1);
    const bool accented = last.accent != unset && note.at - last.at < beside;
    note.velocity = accented ? last.accent : last.level;
  }
  level_ = level;
  events_.clear();
}

}  // namespace antiphon::formats
