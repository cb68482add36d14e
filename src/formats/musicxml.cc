// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <numeric>
#include <pugixml.hpp>
#include <utility>

#include "formats/format.h"
#include "formats/musicxml_order.h"
#include "formats/musicxml_part.h"
#include "formats/musicxml_text.h"
#include "formats/musicxml_unfold.h"
#include "formats/musicxml_values.h"

namespace antiphon::formats {
namespace {

using music::Score;
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

/// The order of playing, or as written if that is out of all proportion.
std::vector<std::uint32_t> order_of(const Frame& frame, std::span<const WrittenPart> parts,
                                    Dropped& dropped) {
  const std::size_t bars = frame.flow.size();
  std::size_t written = 0;
  for (const WrittenPart& part : parts) written += part.notes.size() + part.lyrics.size();
  // Of scores beyond any symphony's size only twofold repeats are played.
  const std::size_t unfolding = written < 200000 ? max_unfolding : 2;
  auto order = play_order(frame.flow, bars * unfolding);
  if (order && !order->empty()) return std::move(*order);
  dropped.add(order ? "The numbers of the endings leave no bar to play; each is played once."
                    : "The repeats would make the piece over " + std::to_string(unfolding) +
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
  unfold(context.frame, parts, order, reading.score);
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
