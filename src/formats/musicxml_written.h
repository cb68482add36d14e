// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/musicxml_order.h"
#include "music/score.h"

namespace antiphon::formats {

/// What a MusicXML file says before repeats are unfolded: times count from the start of the bar,
/// and each list has all bars one after another.

struct WrittenNote {
  music::Ticks at;
  music::Ticks duration;
  std::uint8_t pitch = 60;
  std::uint8_t velocity = music::Note::default_velocity;
  bool tie_starts = false;
  bool tie_stops = false;
  std::uint16_t voice = 0;  ///< Tells voices of a bar apart; ties prefer their own.
};

/// The things of one bar in one part: the first of each list; they end where the next bar's start.
struct WrittenBar {
  std::uint32_t notes = 0;
  std::uint32_t lyrics = 0;
  music::Ticks length;  ///< What voices and forwards fill; zero for an empty bar.
};

template <class T>
struct InBar {
  std::uint32_t bar;
  music::Ticks at;
  T value;
  friend bool operator==(const InBar&, const InBar&) = default;
};

struct WrittenPart {
  music::Part header;  ///< Without notes and lyrics.
  std::vector<WrittenBar> bars;
  std::vector<WrittenNote> notes;
  std::vector<music::Lyric> lyrics;
  std::vector<InBar<music::Key>> keys;  ///< As they sound.
};

/// What concerns all parts, gathered from any of them.
struct Frame {
  std::vector<BarFlow> flow;                        ///< [bars]
  std::vector<std::optional<music::Meter>> meters;  ///< [bars]: the change at a bar's start.
  std::vector<InBar<music::Tempo>> tempos;
  std::vector<InBar<std::string>> chords;

  void reserve_bar(std::size_t bar) {
    if (flow.size() > bar) return;
    flow.resize(bar + 1);
    meters.resize(bar + 1);
  }
};

/// The sentences of `Reading::dropped`, each once.
class Dropped {
 public:
  void add(std::string_view sentence) {
    if (std::find(list_.begin(), list_.end(), sentence) == list_.end())
      list_.emplace_back(sentence);
  }
  std::vector<std::string>& list() { return list_; }

 private:
  std::vector<std::string> list_;
};

}  // namespace antiphon::formats
