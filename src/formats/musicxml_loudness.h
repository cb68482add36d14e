// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <span>
#include <vector>

#include "formats/musicxml_written.h"

namespace antiphon::formats {

/// The loudness of a part as its dynamics go by. MusicXML counts in percent of a forte of MIDI
/// velocity 90; where only a mark stands, it means what notation programs play it with.
class Loudness {
 public:
  static constexpr std::uint8_t unset = 0;  ///< The velocity of notes that `apply` is to fill in.

  /// `<dynamics>` at a time of the bar; `sound` is the percentage that goes with it, if any.
  void mark(const pugi::xml_node& dynamics, music::Ticks at, std::optional<double> sound);
  void set(double percent, music::Ticks at);
  std::uint8_t of_note(double percent);

  /// Ends a bar: its unset notes get the loudness in force where they stand.
  void apply(std::span<WrittenNote> notes);

  bool known() const { return known_; }  ///< Whether anything was said so far.

 private:
  struct Event {
    music::Ticks at;
    std::uint8_t level;   ///< From here on; `unset` goes on as before.
    std::uint8_t accent;  ///< Of the notes here alone; `unset` is none.
  };

  std::vector<Event> events_;  ///< Of this bar.
  std::uint8_t level_ = music::Note::default_velocity;
  bool known_ = false;
};

}  // namespace antiphon::formats
