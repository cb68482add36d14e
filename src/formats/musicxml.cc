// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <pugixml.hpp>
#include <tuple>
#include <utility>

#include "formats/format.h"
#include "formats/musicxml_order.h"
#include "formats/musicxml_part.h"
#include "formats/musicxml_text.h"
#include "formats/musicxml_values.h"

namespace antiphon::formats {
namespace {

using music::Change;
using music::Meter;
using music::Note;
using music::Score;
using music::Ticks;
using pugi::xml_node;

/// How much longer than its writing a piece may get: 16 times covers any hymn's verses.
constexpr std::size_t max_unfolding = 16;

/// What a document may cost however short its file is: the finale of Beethoven's Ninth takes 82 MiB
/// from a package of 1.2.
constexpr std::size_t least_memory = std::size_t{128} << 20;

/// What a document of this text costs in memory: itself, its elements and its attributes.
std::size_t cost_of(std::string_view text) {
  constexpr std::size_t element = 64;
  constexpr std::size_t attribute = 40;
  std::size_t cost = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') cost += attribute;
    if (text[i] == '<' && (i + 1 == text.size() || text[i + 1] != '/')) cost += element;
  }
  return cost;
}

/// A place in a document that was parsed, and so overwritten. Its line is found by unpacking again,
/// since a table of lines may take more memory than the document.
struct Source {
  ByteView bytes;
  std::string_view name;

  Error error(std::ptrdiff_t offset, const std::string& what) const {
    std::ptrdiff_t line = 1;
    if (offset > 0) {
      std::vector<std::string> told_before;
      const auto text = musicxml_text(bytes, name, told_before);
      const auto head = std::string_view(*text).substr(0, static_cast<std::size_t>(offset));
      line += std::count(head.begin(), head.end(), '\n');
    }
    return {Errc::invalid_input, std::string(name) + ":" + std::to_string(line) + ": " + what};
  }
};

/// The bars of each part, as the document has them, in the order of the part list.
struct Layout {
  std::vector<PartHeader> headers;
  std::vector<std::vector<xml_node>> measures;  ///< [parts][bars]
};

Layout layout_of(const xml_node& root) {
  Layout layout;
  std::map<std::string_view, std::size_t> part_of;
  for (const xml_node child : root.child("part-list").children("score-part")) {
    if (!part_of.emplace(child.attribute("id").value(), layout.headers.size()).second) continue;
    layout.headers.push_back(read_part_header(child));
  }
  layout.measures.resize(layout.headers.size());
  const auto add = [&](const xml_node& part, const xml_node& measure) {
    const auto [found, is_new] =
        part_of.emplace(part.attribute("id").value(), layout.headers.size());
    if (is_new) {  // Not in the part list, or there is none.
      layout.headers.emplace_back();
      layout.measures.emplace_back();
    }
    layout.measures[found->second].push_back(measure);
  };
  if (std::string_view(root.name()) == "score-timewise") {
    for (const xml_node measure : root.children("measure")) {
      for (const xml_node part : measure.children("part")) add(part, part);
    }
  } else {
    for (const xml_node part : root.children("part")) {
      for (const xml_node measure : part.children("measure")) add(part, measure);
    }
  }
  return layout;
}

void read_titles(const xml_node& root, Score& score) {
  const std::string work = one_line(root.child("work").child_value("work-title"));
  const std::string movement = one_line(root.child_value("movement-title"));
  score.title = work;
  if (work.empty() || movement.empty() || work == movement) {
    score.title += work.empty() ? movement : "";
  } else {
    score.title += ": " + movement;
  }
  for (const xml_node creator : root.child("identification").children("creator")) {
    if (std::string_view(creator.attribute("type").value()) != "composer") continue;
    const std::string name = one_line(creator.child_value());
    if (!score.composer.empty() && !name.empty()) score.composer += ", ";
    score.composer += name;
  }
}

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

/// The order of playing, or as written if that is out of all proportion.
std::vector<std::uint32_t> order_of(const Frame& frame, std::span<const WrittenPart> parts,
                                    Dropped& dropped) {
  const std::size_t bars = frame.flow.size();
  std::size_t written = 0;
  for (const WrittenPart& part : parts) written += part.notes.size() + part.lyrics.size();
  // Of scores beyond any symphony's size only twofold repeats are played.
  const std::size_t unfolding = written < 200000 ? max_unfolding : 2;
  if (auto order = play_order(frame.flow, bars * unfolding)) return std::move(*order);
  dropped.add("The repeats would make the piece over " + std::to_string(unfolding) +
              " times as long; each bar is played once.");
  std::vector<std::uint32_t> as_written(bars);
  std::iota(as_written.begin(), as_written.end(), 0u);
  return as_written;
}

Result<Reading> read_document(const xml_node& root, const Source& source) {
  const Layout layout = layout_of(root);
  ReadingContext context;
  std::vector<WrittenPart> parts;
  for (std::size_t i = 0; i < layout.headers.size(); ++i) {
    parts.push_back(read_part(layout.headers[i], layout.measures[i], context));
    if (!context.error) continue;
    const xml_node bar = layout.measures[i][parts.back().bars.size()];
    // In a timewise score what we hold is the part inside of the measure.
    const xml_node numbered = bar.attribute("number") ? bar : bar.parent();
    return source.error(context.error->offset, "part " + std::to_string(i + 1) + ", bar " +
                                                   one_line(numbered.attribute("number").value()) +
                                                   ": " + context.error->message);
  }
  if (context.frame.flow.empty()) {
    return source.error(root.offset_debug(),
                        "the score has no bars; expected a part with measures");
  }
  Reading reading;
  read_titles(root, reading.score);
  const std::vector<std::uint32_t> order = order_of(context.frame, parts, context.dropped);
  Unfolding(context.frame, parts, order).fill(reading.score);
  music::sort(reading.score);
  reading.dropped = std::move(context.dropped.list());
  return reading;
}

}  // namespace

Result<Reading> read_musicxml(ByteView bytes, std::string_view name) {
  const Source source{bytes, name};
  std::vector<std::string> dropped;
  ANTIPHON_TRY(std::string text, musicxml_text(bytes, name, dropped));
  if (cost_of(text) > std::max(least_memory, 64 * bytes.size())) {
    return source.error(0, "the document has more elements than any score of its size; refused");
  }
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer_inplace(
      text.data(), text.size(), pugi::parse_default | pugi::parse_embed_pcdata,
      pugi::encoding_utf8);
  if (!parsed) {
    std::string what = parsed.description();
    if (!what.empty() && what[0] >= 'A' && what[0] <= 'Z') what[0] += 'a' - 'A';
    return source.error(parsed.offset,
                        "not well-formed XML (" + what + "); expected a MusicXML score");
  }
  const xml_node root = document.document_element();
  const std::string kind = root.name();
  if (kind != "score-partwise" && kind != "score-timewise") {
    return source.error(root.offset_debug(),
                        "the document is a <" + kind.substr(0, 40) +
                            ">; expected a MusicXML <score-partwise> or <score-timewise>");
  }
  ANTIPHON_TRY(Reading reading, read_document(root, source));
  reading.dropped.insert(reading.dropped.end(), dropped.begin(), dropped.end());
  return reading;
}

}  // namespace antiphon::formats
