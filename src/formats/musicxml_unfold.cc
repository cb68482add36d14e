// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_unfold.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace antiphon::formats {
namespace {

using music::Change;
using music::Meter;
using music::Note;
using music::Score;
using music::Ticks;

/// The meter whose bar is `length`, in the unit of `nominal` or a smaller one.
std::optional<Meter> meter_of_length(Ticks length, Meter nominal) {
  for (int denominator = nominal.denominator(); denominator <= 64; denominator *= 2) {
    const std::int64_t unit = Ticks::per_quarter * 4 / denominator;
    if (length.count % unit != 0 || length.count / unit > 255) continue;
    if (auto meter = Meter::of(static_cast<int>(length.count / unit), denominator)) return *meter;
  }
  for (int denominator = nominal.denominator() / 2; denominator >= 1; denominator /= 2) {
    const std::int64_t unit = Ticks::per_quarter * 4 / denominator;
    if (length.count % unit != 0) continue;
    if (auto meter = Meter::of(static_cast<int>(length.count / unit), denominator)) return *meter;
  }
  return std::nullopt;
}

/// The meter of each written bar, by which the bars after it fall right: the one in force, or one
/// of the bar's own length where no part fills the bar as it should, such as a pickup.
std::vector<Meter> bar_meters(const Frame& frame, std::span<const WrittenPart> parts) {
  constexpr std::int64_t sixty_fourth = Ticks::per_quarter / 16;
  std::vector<Meter> meters;
  meters.reserve(frame.flow.size());
  Meter nominal;
  for (std::size_t bar = 0; bar < frame.flow.size(); ++bar) {
    nominal = frame.meters[bar].value_or(nominal);
    Ticks longest;
    bool fits = false;
    for (const WrittenPart& part : parts) {
      if (bar >= part.bars.size()) continue;
      const Ticks length = part.bars[bar].length;
      longest = std::max(longest, length);
      // Rounded tuplets add up to nearly a bar, and a missing 32nd is a slip rather than a meter.
      const std::int64_t excess = (length - nominal.bar()).count;
      fits = fits || (excess >= -Ticks::per_quarter / 8 && excess <= 8);
    }
    if (fits || longest == Ticks{0}) {
      meters.push_back(nominal);
      continue;
    }
    // A length that no meter has is filled up with silence.
    const std::int64_t units =
        std::max<std::int64_t>((longest.count - 8 + sixty_fourth - 1) / sixty_fourth, 1);
    const Ticks whole_units{units * sixty_fourth};
    const Ticks whole_notes{(longest.count + 3839) / 3840 * 3840};
    const auto own = meter_of_length(whole_units, nominal);
    meters.push_back(own ? *own : meter_of_length(whole_notes, nominal).value_or(nominal));
  }
  return meters;
}

/// The keys that most parts agree on, since parts of natural horns and drums say nothing of it.
std::vector<InBar<music::Key>> agreed_keys(std::span<const WrittenPart> parts) {
  std::size_t best = 0;
  std::size_t best_count = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].keys.empty()) continue;
    std::size_t count = 0;
    // The first of equal parts counts them all, so later ones need no full count.
    for (std::size_t k = i; k < parts.size(); ++k) count += parts[k].keys == parts[i].keys;
    if (count > best_count) {
      best = i;
      best_count = count;
    }
  }
  return best_count > 0 ? parts[best].keys : std::vector<InBar<music::Key>>{};
}

/// Joins notes that are tied: a tie that stops where one of the same pitch started before ends,
/// best in the same voice. `notes` are sorted by onset.
std::vector<Note> joined(std::vector<WrittenNote>& notes) {
  constexpr std::int64_t rounding = 2;
  struct Open {
    std::size_t note;
    std::uint16_t voice;
  };
  std::array<std::vector<Open>, 128> open;
  std::vector<Note> out;
  out.reserve(notes.size());
  for (const WrittenNote& note : notes) {
    std::vector<Open>& ties = open[note.pitch];
    std::erase_if(ties,
                  [&](const Open& tie) { return out[tie.note].end() < note.at - Ticks{rounding}; });
    std::size_t index = out.size();
    if (note.tie_stops) {
      const auto fits = [&](const Open& tie) {
        return std::abs((out[tie.note].end() - note.at).count) <= rounding;
      };
      auto found = std::find_if(ties.begin(), ties.end(), [&](const Open& tie) {
        return fits(tie) && tie.voice == note.voice;
      });
      if (found == ties.end()) found = std::find_if(ties.begin(), ties.end(), fits);
      if (found != ties.end()) {
        index = found->note;
        ties.erase(found);
        out[index].duration = note.at + note.duration - out[index].onset;
      }
    }
    if (index == out.size()) out.push_back({note.at, note.duration, note.pitch, note.velocity});
    if (note.tie_starts && ties.size() < 16) ties.push_back({index, note.voice});
  }
  return out;
}

/// Lays the written bars one after another as they are played.
class Unfolding {
 public:
  Unfolding(const Frame& frame, std::span<const WrittenPart> parts,
            std::span<const std::uint32_t> order)
      : frame_(frame), parts_(parts), order_(order), meters_(bar_meters(frame, parts)) {
    starts_.reserve(order.size());
    Ticks at;
    for (const std::uint32_t bar : order) {
      starts_.push_back(at);
      at += meters_[bar].bar();
    }
  }

  void fill(Score& score) const {
    lay_meters(score);
    lay_changes(agreed_keys(parts_), score.keys);
    lay_changes(frame_.tempos, score.tempos);
    lay_chords(score);
    for (const WrittenPart& part : parts_) score.parts.push_back(played(part));
  }

 private:
  /// The first of `list`, which is sorted by bar, that stands in `bar` or later.
  template <class T>
  static auto from_bar(const std::vector<T>& list, std::uint32_t bar) {
    return std::lower_bound(list.begin(), list.end(), bar,
                            [](const T& each, std::uint32_t wanted) { return each.bar < wanted; });
  }

  template <class T>
  static void sort_by_place(std::vector<InBar<T>>& list) {
    std::stable_sort(list.begin(), list.end(), [](const InBar<T>& a, const InBar<T>& b) {
      return std::pair(a.bar, a.at) < std::pair(b.bar, b.at);
    });
  }

  void lay_meters(Score& score) const {
    std::optional<Meter> before;
    if (!frame_.meters[order_[0]]) before = Meter();  // What holds where nothing is said.
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const Meter meter = meters_[order_[i]];
      if (meter != before) score.meters.push_back({starts_[i], meter});
      before = meter;
    }
  }

  /// Lays changes of tempo or key. Going back takes up what held there.
  template <class T>
  void lay_changes(std::vector<InBar<T>> written, std::vector<Change<T>>& played) const {
    sort_by_place(written);
    const auto lay = [&](Ticks at, const T& value) {
      if (!played.empty() && played.back().at == at) played.pop_back();
      if (played.empty() || played.back().value != value) played.push_back({at, value});
    };
    for (std::size_t i = 0; i < order_.size(); ++i) {
      auto change = from_bar(written, order_[i]);
      const bool jump = i > 0 && order_[i] != order_[i - 1] + 1;
      if (jump && change != written.begin()) lay(starts_[i], (change - 1)->value);
      std::optional<Ticks> last;
      for (; change != written.end() && change->bar == order_[i]; ++change) {
        // Of several parts' marks at one place the first part's counts.
        if (last != change->at) lay(starts_[i] + change->at, change->value);
        last = change->at;
      }
    }
  }

  void lay_chords(Score& score) const {
    std::vector<InBar<std::string>> chords = frame_.chords;
    sort_by_place(chords);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (auto chord = from_bar(chords, order_[i]);
           chord != chords.end() && chord->bar == order_[i]; ++chord) {
        const music::ChordSymbol symbol{starts_[i] + chord->at, chord->value};
        if (score.chords.empty() || score.chords.back() != symbol) score.chords.push_back(symbol);
      }
    }
  }

  music::Part played(const WrittenPart& part) const {
    std::vector<WrittenNote> notes;
    music::Part out = part.header;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const std::size_t bar = order_[i];
      if (bar >= part.bars.size()) continue;
      const bool last = bar + 1 == part.bars.size();
      const std::size_t notes_end = last ? part.notes.size() : part.bars[bar + 1].notes;
      const std::size_t lyrics_end = last ? part.lyrics.size() : part.bars[bar + 1].lyrics;
      for (std::size_t k = part.bars[bar].notes; k < notes_end; ++k) {
        notes.push_back(part.notes[k]);
        notes.back().at += starts_[i];
      }
      for (std::size_t k = part.bars[bar].lyrics; k < lyrics_end; ++k) {
        out.lyrics.push_back(part.lyrics[k]);
        out.lyrics.back().at += starts_[i];
      }
    }
    std::stable_sort(notes.begin(), notes.end(),
                     [](const WrittenNote& a, const WrittenNote& b) { return a.at < b.at; });
    out.notes = joined(notes);
    std::sort(out.notes.begin(), out.notes.end(), [](const Note& a, const Note& b) {
      return std::tie(a.onset, a.pitch, a.duration, a.velocity) <
             std::tie(b.onset, b.pitch, b.duration, b.velocity);
    });
    return out;
  }

  const Frame& frame_;
  std::span<const WrittenPart> parts_;
  std::span<const std::uint32_t> order_;
  std::vector<Meter> meters_;  ///< [written bars]
  std::vector<Ticks> starts_;  ///< [played bars]
};

}  // namespace

void unfold(const Frame& frame, std::span<const WrittenPart> parts,
            std::span<const std::uint32_t> order, Score& score) {
  Unfolding(frame, parts, order).fill(score);
}

}  // namespace antiphon::formats
